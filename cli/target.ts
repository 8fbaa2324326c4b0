import { createHmac } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { request } from 'undici';
import { webhookKey } from '../functions/events/signature.ts';
import { type Instance, notedInstance } from '../local/description.ts';
import { hasCode, UserError } from '../local/user-error.ts';

/** Options that say where Bindery is and who speaks. */
export const TARGET_OPTIONS = {
  url: { type: 'string' },
  secret: { type: 'string' },
  'secret-id': { type: 'string' },
} as const;

export const TARGET_HELP = `  --url URL       where Bindery answers (BINDERY_URL, or the instance started from this directory)
  --secret S      the secret (BINDERY_SECRET, or the instance's own)
  --secret-id ID  reads the secret from Secrets Manager, with your AWS credentials
  --json          the answer as one line of JSON, for programs
  --help          this text`;

export type TargetValues = {
  readonly url?: string | undefined;
  readonly secret?: string | undefined;
  readonly 'secret-id'?: string | undefined;
};

/** Where to send to. `instance` is there only where that is the local one: its secrets go nowhere else. */
export type Target = { readonly url: string; readonly instance?: Instance; readonly secret?: string };

/** Finds the target from the options, then the environment, then what `npm start` has left in this directory. */
export async function targetOf(values: TargetValues): Promise<Target> {
  const secret = values.secret ?? (await fromSecretsManager(values['secret-id']));
  const url = values.url ?? process.env['BINDERY_URL'];
  if (url !== undefined) return { url: withoutSlash(url), ...given(secret ?? process.env['BINDERY_SECRET']) };
  const instance = notedInstance();
  if (instance === undefined)
    throw new UserError('no instance runs in this directory: start one with `npm start`, or name one with --url');
  return { url: instance.url, instance, ...given(secret) };
}

const given = (secret: string | undefined) => (secret === undefined ? {} : { secret });

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
    throw new UserError(`the secret ${id} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export const noSecret = (): UserError =>
  new UserError('no secret is known: give --secret, --secret-id or BINDERY_SECRET');

export type Answer = { readonly status: number; readonly text: string };

/** Longer than any door may take, a cold start included (ms). */
const TIMEOUT_MS = 15_000;

/** Posts JSON and answers with what came back, whatever its status. */
export async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Answer> {
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.statusCode, text: await response.body.text() };
  } catch (error) {
    const { origin } = new URL(url);
    if (hasCode(error, 'ECONNREFUSED')) throw new UserError(`nothing answers at ${origin}: is \`npm start\` running?`);
    throw new UserError(`${origin} cannot be asked: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The JSON of an answer; its text where that is none, as of a proxy's error page. */
export const replyIn = ({ text }: Answer): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export type Message = { readonly id: string; readonly body: string; readonly now: Date };

/** The headers of one attempt to send a message (Standard Webhooks 1.0.0, symmetric scheme `v1`). */
export function signedHeaders(secret: string, { id, body, now }: Message): Record<string, string> {
  const timestamp = `${Math.floor(now.getTime() / 1000)}`;
  const digest = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}

function keyOf(secret: string) {
  try {
    return webhookKey(secret);
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}
