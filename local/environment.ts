import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { Configuration } from '../functions/core/bindery-json.ts';
import type { DevicesEnvironment, ResolveEnvironment } from '../functions/lambda/device-environment.ts';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  IntakeEnvironment,
  MirrorEnvironment,
  SweepEnvironment,
  VariablesOf,
} from '../functions/lambda/environment.ts';
import { hasSecret } from '../infra/configuration.ts';
import { SOURCE_KINDS } from '../infra/source-kinds.ts';
import { NAMES, type Queues } from './aws/resources.ts';
import { REGION, type Versions } from './aws/servers.ts';
import { newPrivateJwk, PrivateJwk } from './identity.ts';
import { UserError } from './user-error.ts';

export type Endpoints = { readonly sqs: string; readonly dynamodb: string; readonly secrets: string };

/**
 * Points every AWS client of this process at the embedded servers. Deletes all AWS settings of the user, because a
 * profile would override these credentials, and no call may ever reach a real account.
 */
export function pointAwsAt({ sqs, dynamodb, secrets }: Endpoints): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  Object.assign(process.env, {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_ENDPOINT_URL_SQS: sqs,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets,
  });
}

type Variables = VariablesOf<typeof EventsEnvironment> &
  VariablesOf<typeof AccountApiEnvironment> &
  VariablesOf<typeof ApplyEnvironment> &
  VariablesOf<typeof IntakeEnvironment> &
  VariablesOf<typeof MirrorEnvironment> &
  VariablesOf<typeof SweepEnvironment> &
  VariablesOf<typeof DevicesEnvironment> &
  VariablesOf<typeof ResolveEnvironment>;

/** Sets the variables of all functions. They share this process, so each sees the variables of the others too. */
export function setVariables(configuration: Configuration, queues: Queues, secrets: Pick<Secrets, Named>): void {
  const urls = (name: 'marks' | 'checks') =>
    JSON.stringify(Object.fromEntries([...queues.mirrors].map(([app, own]) => [app, own[name].url])));
  const sites = configuration.apps.flatMap((app) => {
    const own = queues.mirrors.get(app.id);
    return own ? [{ app, marks: own.marks.url, checks: own.checks.url, secret: nameOf('mirrors', app.id) }] : [];
  });
  const { days } = configuration.history;
  Object.assign(process.env, {
    OPERATIONS_QUEUE_URL: queues.operations.url,
    PARKED_QUEUE_URL: queues.parked.url,
    REGISTRY_TABLE: NAMES.table,
    BINDERY_CONFIG: JSON.stringify(configuration),
    SOURCE_QUEUES: JSON.stringify(
      Object.fromEntries(
        [...queues.sources].map(([id, { queue, dead }]) => [id, { queue: queue.url, dead: dead.url }]),
      ),
    ),
    SOURCE_SECRETS: JSON.stringify(namesOf('sources', secrets)),
    APP_SECRETS: JSON.stringify(namesOf('apps', secrets)),
    READER_SECRETS: JSON.stringify(namesOf('readers', secrets)),
    DEVICE_SECRET: DEVICES,
    PSEUDONYM_SECRET: PSEUDONYMS,
    MARKS_QUEUES: urls('marks'),
    CHECKS_QUEUES: urls('checks'),
    MIRRORS: JSON.stringify(sites),
    HISTORY: JSON.stringify(days > 0 ? { table: NAMES.history, days } : null),
  } satisfies Variables);
}

const Secrets = z.object({
  apps: z.record(z.string(), z.string()),
  sources: z.record(z.string(), z.string()),
  readers: z.record(z.string(), z.string()).default({}),
  pseudonyms: z.string().default(() => alphanumerics(44)),
  devices: z.string().default(() => alphanumerics(44)),
  identity: PrivateJwk.default(newPrivateJwk),
});

/** Credentials by id, the keys of the pseudonyms and of fences and receipts, and the one of the identity provider. */
export type Secrets = z.infer<typeof Secrets>;

/** The secrets of hosted APIs that the user gave, by the mirrored app. */
export type MirrorSecrets = Readonly<Record<string, string>>;

/** The folder where development secrets stay between starts. `isFresh`: they are replaced by new ones. */
export type SecretsFolder = { readonly path: string; readonly isFresh?: boolean };

/** Returns a secret for each app, source and reader, and the other keys: those in the folder, or new ones. */
export function developmentSecrets({ apps, sources, readers }: Configuration, folder?: SecretsFolder): Secrets {
  const file = folder && join(folder.path, 'secrets.json');
  const kept = file === undefined || folder?.isFresh ? none() : keptIn(file);
  const secrets = {
    ...kept,
    apps: { ...kept.apps, ...missing(apps, kept.apps, () => alphanumerics(32)) },
    // 44 letters and digits are also the base64 of 33 bytes, which Standard Webhooks requires.
    sources: {
      ...missing(KINDS_WITH_SECRET, kept.sources, () => alphanumerics(44)),
      ...missing(sources.filter(hasSecret), kept.sources, () => `whsec_${alphanumerics(44)}`),
      ...kept.sources,
    },
    readers: { ...kept.readers, ...missing(readers, kept.readers, () => alphanumerics(44)) },
  };
  if (file !== undefined) keep(file, secrets);
  return secrets;
}

/** Each kind has a source of its own here, under its name. */
const KINDS_WITH_SECRET = [...SOURCE_KINDS].flatMap(([id, { keyOf }]) => (keyOf ? { id } : []));

const none = (): Secrets => Secrets.parse({ apps: {}, sources: {} });

const missing = (all: readonly { id: string }[], kept: Readonly<Record<string, string>>, make: () => string) =>
  Object.fromEntries(all.filter(({ id }) => !Object.hasOwn(kept, id)).map(({ id }) => [id, make()]));

function keptIn(file: string): Secrets {
  if (!existsSync(file)) return none();
  try {
    return Secrets.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new UserError(`${file} cannot be read as development secrets: delete it to get new ones`);
  }
}

/** Replaces the file at once: a process that is killed while it writes leaves the secrets from before. */
function keep(file: string, secrets: Secrets): void {
  const made = `${file}.${process.pid}`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(made, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(made, file);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const alphanumerics = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** Credentials whose names a function has by id. */
type Named = 'apps' | 'sources' | 'readers';
type Kind = Named | 'mirrors';

/** The names of secrets in the stub of Secrets Manager, by id. */
const namesOf = (kind: Named, secrets: Pick<Secrets, Named>): Record<string, string> =>
  Object.fromEntries(Object.keys(secrets[kind]).map((id) => [id, nameOf(kind, id)]));

/** The name of the key of the pseudonyms. */
const PSEUDONYMS = 'bindery/pseudonyms';

/** The name of the key of fences and receipts. */
const DEVICES = 'bindery/devices';

/** The secrets of the stub. A hosted API without a given secret has none, as in a stack just deployed. */
export function versionsOf(secrets: Secrets, mirrors: MirrorSecrets): ReadonlyMap<string, Versions> {
  const texts = (kind: Kind, byId: Readonly<Record<string, string>>) =>
    Object.entries(byId).map(([id, AWSCURRENT]) => [nameOf(kind, id), { AWSCURRENT }] as const);
  return new Map([
    ...texts('apps', secrets.apps),
    ...texts('sources', secrets.sources),
    ...texts('readers', secrets.readers),
    ...texts('mirrors', mirrors),
    [PSEUDONYMS, { AWSCURRENT: secrets.pseudonyms }],
    [DEVICES, { AWSCURRENT: secrets.devices }],
  ]);
}

const nameOf = (kind: Kind, id: string): string => `bindery/${kind}/${id}`;
