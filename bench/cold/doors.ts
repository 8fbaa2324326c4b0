import { bearerOf } from '../../cli/token.ts';
import type { OperationsMessage } from '../../functions/core/operation.ts';
import type { DevicesEnvironment, ResolveEnvironment } from '../../functions/lambda/device-environment.ts';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  VariablesOf,
} from '../../functions/lambda/environment.ts';
import type { HttpDoor } from '../../infra/settings.ts';
import { DEVELOPMENT, newPrivateJwk, withIdentity, withReader } from '../../local/identity.ts';
import { override } from '../../test/world/examples.ts';
import { authorized, CONFIGURATION, EVENTS_PATH, posted, SOURCE_SECRET, signed } from '../installation.ts';

/** The functions that a caller waits for, and the worker behind them. */
export type ColdDoorName = HttpDoor | 'apply';

/** The variables that a door reads when it is loaded, and an event that it accepts. */
export type ColdDoor = {
  readonly variables: (aws: string) => Readonly<Record<string, string>>;
  readonly event: (now: Date) => object | Promise<object>;
};

const onRegistry = (aws: string) => ({ OPERATIONS_QUEUE_URL: `${aws}/1/operations`, REGISTRY_TABLE: 'registry' });

const key = newPrivateJwk();
const { apps, identities } = withIdentity(CONFIGURATION, key);
const { readers } = withReader(CONFIGURATION);

export const COLD_DOORS: Readonly<Record<ColdDoorName, ColdDoor>> = {
  events: {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        BINDERY_CONFIG: JSON.stringify(CONFIGURATION),
        SOURCE_SECRETS: '{"app":"source"}',
      }) satisfies VariablesOf<typeof EventsEnvironment>,
    event: async (now) => {
      const data = { platform: 'android', token: 'token', account: 'alice' };
      const body = JSON.stringify({ type: 'user.login', timestamp: now, data });
      return posted(EVENTS_PATH, body, await signed(body));
    },
  },
  'account-api': {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        BINDERY_CONFIG: JSON.stringify(CONFIGURATION),
        APP_SECRETS: '{"shop":"app"}',
      }) satisfies VariablesOf<typeof AccountApiEnvironment>,
    event: () => {
      const element = { token: 'token', account_list: [{ account: 'alice', account_type: 0 }] };
      const body = JSON.stringify({ operator_type: 2, platform: 'android', token_accounts: [element] });
      return posted('/v3/device/account/batchoperate', body, authorized(SOURCE_SECRET));
    },
  },
  devices: {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        BINDERY_CONFIG: JSON.stringify({ apps, identities, sources: [] }),
        SOURCE_SECRETS: '{}',
        DEVICE_SECRET: 'devices',
      }) satisfies VariablesOf<typeof DevicesEnvironment>,
    event: async (now) => {
      const iat = now.getTime() / 1000;
      const { issuer: iss, audience: aud } = DEVELOPMENT;
      const bearer = await bearerOf(key, { iss, aud, sub: 'alice', sid: 'session', iat, exp: iat + 3_600 });
      return posted('/devices/shop/sign-in', '{"token":"token"}', { authorization: `Bearer ${bearer}` });
    },
  },
  resolve: {
    variables: () =>
      ({
        REGISTRY_TABLE: 'registry',
        BINDERY_CONFIG: JSON.stringify({ apps, readers }),
        READER_SECRETS: JSON.stringify({ [DEVELOPMENT.id]: 'reader' }),
        DEVICE_SECRET: 'devices',
        HISTORY: 'null',
      }) satisfies VariablesOf<typeof ResolveEnvironment>,
    event: () =>
      posted('/v1/resolve', '{"accounts":[{"account":"alice"}]}', { authorization: `Bearer ${SOURCE_SECRET}` }),
  },
  apply: {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        PARKED_QUEUE_URL: `${aws}/1/parked`,
        PSEUDONYM_SECRET: 'pseudonyms',
        MARKS_QUEUES: '{}',
        HISTORY: 'null',
      }) satisfies VariablesOf<typeof ApplyEnvironment>,
    event: (now) => ({
      Records: [
        {
          messageId: 'message',
          receiptHandle: 'receipt',
          body: JSON.stringify({
            v: 1,
            id: 'request',
            operations: [override(now.getTime(), ['alice'])],
          } satisfies OperationsMessage),
          attributes: { ApproximateReceiveCount: '1', SentTimestamp: `${now.getTime()}` },
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:operations',
        },
      ],
    }),
  },
};
