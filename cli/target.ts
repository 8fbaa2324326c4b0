import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { request } from 'undici';
import { signer } from '../client/bindery.ts';
import { type Instance, runningInstances } from '../local/description.ts';
import { hasCode, messageOf, UserError } from '../local/user-error.ts';
import type { Options, Terminal, Values } from './command.ts';
import { secretIn } from './secret.ts';

export const PORT_OPTION = {
  port: { value: 'N', help: 'the instance on this port. Default: the newest that was started from this directory' },
} as const satisfies Options;

/** Options for the address of Bindery and the secret of the caller. */
export const TARGET_OPTIONS = {
  url: { value: 'URL', help: 'address of Bindery. Default: BINDERY_URL, or the instance started from this directory' },
  ...PORT_OPTION,
  secret: {
    value: 'S',
    help: 'secret of the caller; @FILE reads it from a file. Default: BINDERY_SECRET, or the one of the local instance',
  },
  'secret-id': { value: 'ID', help: 'read the secret from Secrets Manager, with your AWS credentials. Default: none' },
} as const satisfies Options;

/** An address and a secret. `instance` is set only for the local instance: its secrets are sent to no other address. */
export type Target = { readonly url: string; readonly instance?: Instance; readonly secret?: string };

/** Finds the target in the options, then in the environment, then in the description that `npx bindery start` leaves. */
export async function targetOf(values: Values<typeof TARGET_OPTIONS>, terminal: Surroundings): Promise<Target> {
  const { environment, folder, warn } = terminal;
  const secret = secretIn(values.secret) ?? (await fromSecretsManager(values['secret-id']));
  const known = secret ?? environment['BINDERY_SECRET'];
  if (values.url !== undefined && values.port !== undefined) throw new UserError('give either --url or --port');
  if (values.url !== undefined) return { url: withoutSlash(values.url), ...given(known) };
  const url = environment['BINDERY_URL'];
  if (url === undefined || values.port !== undefined) {
    const instance = localInstance(values, terminal, ', or give --url');
    return { url: instance.url, instance, ...given(secret) };
  }
  warn(`${url}, from BINDERY_URL`);
  // The variables that `npx bindery start --env` writes name the local instance.
  const instance = runningInstances(folder).find((one) => one.url === url);
  return instance ? { url, instance, ...given(known) } : { url: withoutSlash(url), ...given(known) };
}

type Surroundings = Pick<Terminal, 'environment' | 'folder' | 'warn'>;

/** Returns the instance of the port, or the newest, and prints which one it is. `otherwise` ends the error. */
export function localInstance(
  { port }: Values<typeof PORT_OPTION>,
  { folder, warn }: Pick<Terminal, 'folder' | 'warn'>,
  otherwise = '',
): Instance {
  const running = runningInstances(folder);
  const portOf = ({ url }: Instance) => new URL(url).port;
  const ports = running.map(portOf).join(', ');
  const chosen = port === undefined ? running[0] : running.find((one) => portOf(one) === port);
  if (running.length === 0)
    throw new UserError(`no instance runs in this directory: start one with \`npx bindery start\`${otherwise}`);
  if (chosen === undefined) throw new UserError(`no instance of this directory has port ${port}: there is ${ports}`);
  const isOne = port !== undefined || running.length === 1;
  warn(isOne ? chosen.url : `${chosen.url}, the newest instance of this directory: --port chooses from ${ports}`);
  return chosen;
}

const given = (secret: string | undefined) => (secret === undefined ? {} : { secret: secret.trim() });

function withoutSlash(url: string): string {
  if (!URL.canParse(url)) throw new UserError(`--url ${url}: is not a URL`);
  return url.replace(/\/+$/, '');
}

async function fromSecretsManager(id: string | undefined): Promise<string | undefined> {
  if (id === undefined) return undefined;
  try {
    const { SecretString } = await new SecretsManagerClient().send(new GetSecretValueCommand({ SecretId: id }));
    return SecretString;
  } catch (error) {
    throw new UserError(`the secret ${id} cannot be read: ${messageOf(error)}`);
  }
}

export const missingSecret = (): UserError =>
  new UserError('the secret is missing: give --secret, --secret-id or BINDERY_SECRET');

export type Answer = { readonly status: number; readonly text: string };

/** Longer than any function may take: `account-api` has 20 s (ms). */
const TIMEOUT_MS = 25_000;

/** Posts JSON. Returns the answer, whatever its status. `advice` says how to repeat a call without an answer. */
export const post = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  advice?: string,
): Promise<Answer> =>
  sent(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }, advice);

type Request = { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly body: string };

/** Sends a request. Returns the answer, whatever its status. */
export async function sent(
  url: string,
  { method, headers, body }: Request,
  advice = 'run the command again',
): Promise<Answer> {
  try {
    const response = await request(url, {
      method,
      headers,
      ...(method === 'GET' ? {} : { body }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.statusCode, text: await response.body.text() };
  } catch (error) {
    const { origin } = new URL(url);
    if (hasCode(error, 'ECONNREFUSED'))
      throw new UserError(`nothing answers at ${origin}: is \`npx bindery start\` running?`);
    throw new UserError(`${origin} cannot be reached: ${messageOf(error)}; ${advice}`);
  }
}

/** Returns the JSON of an answer; its text if it is not JSON, such as the error page of a proxy. */
export const replyIn = ({ text }: Answer): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Returns the signer of a secret. A secret that cannot sign is the user's fault. */
export function signerOf(secret: string): ReturnType<typeof signer> {
  try {
    return signer(secret);
  } catch (error) {
    throw new UserError(messageOf(error));
  }
}
