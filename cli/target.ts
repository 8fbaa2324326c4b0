import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type Instance, notedInstance } from '../local/instance.ts';
import { UserError } from '../local/user-error.ts';

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
