import { signedHeaders } from '../../cli/target.ts';
import { Operation, type OperationsMessage } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  VariablesOf,
} from '../../functions/lambda/environment.ts';
import type { HttpDoor } from '../../infra/settings.ts';

/** The functions that somebody waits for, and the one behind them. */
export type ColdDoorName = HttpDoor | 'apply';

/** What a door reads when it is loaded, and an event of which it accepts everything. */
export type ColdDoor = {
  readonly variables: (aws: string) => Readonly<Record<string, string>>;
  readonly event: (now: Date) => object;
};

/** The secret of every app and every source here. */
export const SECRET = `whsec_${Buffer.alloc(32, 'bench').toString('base64')}`;

const CONFIGURATION = JSON.stringify({
  apps: [{ id: 'phone', dialect: 'xg', platform: 'android' }],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['phone'] }],
});

const onRegistry = (aws: string) => ({ OPERATIONS_QUEUE_URL: `${aws}/1/operations`, REGISTRY_TABLE: 'registry' });

const post = (rawPath: string, headers: Readonly<Record<string, string>>, body: string) => ({
  rawPath,
  headers,
  body,
  isBase64Encoded: false,
  requestContext: { requestId: 'request', http: { method: 'POST' } },
});

/** A bench that knows a door needs its environment and one event, here and nowhere else. */
export const COLD_DOORS: Readonly<Record<ColdDoorName, ColdDoor>> = {
  events: {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        BINDERY_CONFIG: CONFIGURATION,
        SOURCE_SECRETS: '{"web":"source"}',
      }) satisfies VariablesOf<typeof EventsEnvironment>,
    event: (now) => {
      const data = { platform: 'android', token: 'token', account: 'alice' };
      const body = JSON.stringify({ type: 'user.login', timestamp: now, data });
      return post('/events/web', signedHeaders(SECRET, { id: 'message', body, now }), body);
    },
  },
  'account-api': {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        BINDERY_CONFIG: CONFIGURATION,
        APP_SECRETS: '{"phone":"app"}',
      }) satisfies VariablesOf<typeof AccountApiEnvironment>,
    event: () => {
      const element = { token: 'token', account_list: [{ account: 'alice', account_type: 0 }] };
      const body = JSON.stringify({ operator_type: 2, platform: 'android', token_accounts: [element] });
      return post('/v3/device/account/batchoperate', { authorization: `Basic ${btoa(`phone:${SECRET}`)}` }, body);
    },
  },
  apply: {
    variables: (aws) =>
      ({
        ...onRegistry(aws),
        PARKED_QUEUE_URL: `${aws}/1/parked`,
        PSEUDONYM_SECRET: 'pseudonyms',
        MARKS_QUEUES: '{}',
      }) satisfies VariablesOf<typeof ApplyEnvironment>,
    event: (now) => ({
      Records: [
        {
          messageId: 'message',
          receiptHandle: 'receipt',
          body: JSON.stringify({ v: 1, id: 'request', operations: [login(now)] } satisfies OperationsMessage),
          attributes: { ApproximateReceiveCount: '1', SentTimestamp: `${now.getTime()}` },
          eventSource: 'aws:sqs',
        },
      ],
    }),
  },
};

const login = (now: Date): Operation =>
  Operation.parse({
    kind: 'bindOverriding',
    app: 'phone',
    token: 'token',
    accounts: [{ type: 0, id: 'alice' }],
    scope: 'token',
    stamp: stampOf('bindOverriding', now.getTime(), eventHash('login')),
  });
