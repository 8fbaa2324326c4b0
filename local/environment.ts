import { devNull } from 'node:os';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  MirrorEnvironment,
  SweepEnvironment,
  VariablesOf,
} from '../functions/adapters/environment.ts';
import type { Configuration } from '../functions/core/configuration.ts';
import { nameOf, namesOf, PSEUDONYMS, type Secrets } from './development-secrets.ts';
import { REGION } from './region.ts';
import { NAMES, type Queues } from './resources.ts';

export type Endpoints = { readonly sqs: string; readonly dynamodb: string; readonly secrets: string };

/**
 * Points every AWS client of this process at the embedded servers. All of the user's own AWS settings go, a profile
 * would win against these credentials: nothing here may ever reach a real account.
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
  VariablesOf<typeof MirrorEnvironment> &
  VariablesOf<typeof SweepEnvironment>;

/** Sets what the functions read. They share this process, so each sees the others' variables too. */
export function setVariables(configuration: Configuration, queues: Queues, secrets: Secrets): void {
  const urls = (name: 'marks' | 'checks') =>
    JSON.stringify(Object.fromEntries([...queues.mirrors].map(([app, own]) => [app, own[name].url])));
  const sites = configuration.apps.flatMap((app) => {
    const own = queues.mirrors.get(app.id);
    return own ? [{ app, marks: own.marks.url, checks: own.checks.url, secret: nameOf('mirrors', app.id) }] : [];
  });
  Object.assign(process.env, {
    OPERATIONS_QUEUE_URL: queues.operations.url,
    PARKED_QUEUE_URL: queues.parked.url,
    REGISTRY_TABLE: NAMES.table,
    BINDERY_CONFIG: JSON.stringify(configuration),
    SOURCE_SECRETS: JSON.stringify(namesOf('sources', secrets)),
    APP_SECRETS: JSON.stringify(namesOf('apps', secrets)),
    PSEUDONYM_SECRET: PSEUDONYMS,
    MARKS_QUEUES: urls('marks'),
    CHECKS_QUEUES: urls('checks'),
    MIRRORS: JSON.stringify(sites),
  } satisfies Variables);
}
