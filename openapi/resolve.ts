import * as z from 'zod';
import { AccountId, Token } from '../functions/core/account.ts';
import { PROBLEMS } from '../functions/resolve/handler.ts';
import { DevicesQuestion, ResolveQuestion } from '../functions/resolve/questions.ts';
import { problemsOf } from './problems.ts';
import { json, ref, ruleOf, type Schema, schemaOf } from './schemas.ts';

const ONLY_RECEIPTS = ['unknown_operation', 'not_get'];
const NOT_OF_RECEIPTS = [
  'not_post',
  'too_large',
  'too_many_accounts',
  'invalid_request',
  'invalid_cursor',
  'forbidden_app',
  'not_json',
];

const WORDS = {
  accounts: 'An account that is named twice is answered once.',
  account: `${ruleOf(AccountId, '')}, in UTF-8.`,
  account_type: 'Part of the identity of an account.',
  apps: 'Default: all apps of the reader.',
  cursor: 'Of the answer before, with the same accounts and apps.',
  token: `${ruleOf(Token, '')}, in UTF-8.`,
  bound_at: 'The time of the login.',
  fence: 'Differs for each login on a token. Send it with a message: the phone compares it with its own.',
  expires_at: 'The end of the binding: from then on it is not shown.',
};

const bind = {
  app: z.string(),
  platform: z.enum(['android', 'ios']),
  bound_at: z.iso.datetime(),
  fence: z.string().length(12),
  expires_at: z.iso.datetime().optional(),
};
const named = { account: z.string(), account_type: z.int() };

const ResolveAnswer = z.object({
  accounts: z.array(z.object({ ...named, devices: z.array(z.object({ ...bind, token: z.string() })) })),
  cursor: z.string().optional(),
});

const DevicesAnswer = z.object({
  devices: z.array(z.object({ token: z.string(), accounts: z.array(z.object({ ...bind, ...named })) })),
});

const OUTCOME = z.enum(['applied', 'superseded', 'refused', 'durable']);

const OperationAnswer = z.object({
  operation_id: z.string(),
  outcome: OUTCOME,
  from: z.string().optional(),
  accepted_at: z.iso.datetime().optional(),
  operations: z.array(
    z.object({
      app: z.string(),
      kind: z.string(),
      happened_at: z.iso.datetime(),
      outcome: OUTCOME,
      reason: z.string().optional(),
      in_effect_at: z.iso.datetime().optional(),
    }),
  ),
});

export const RESOLVE_SCHEMAS: Schema = {
  OperationAnswer: schemaOf(OperationAnswer, {
    operation_id: 'The id of the request, `request_id` in its answer.',
    from: 'The sender, such as `events/<source>`. Default: not known.',
    accepted_at: 'When the service accepted it. Default: not known.',
    operations: 'Those in the apps of the reader. An operation that a later event has replaced is superseded.',
    in_effect_at: 'The time by which it was in effect: queries may have shown it since the acceptance.',
  }),
  ResolveQuestion: schemaOf(ResolveQuestion, WORDS),
  ResolveAnswer: schemaOf(ResolveAnswer, {
    ...WORDS,
    accounts: 'The accounts that this page reads, each with those of its devices that are on it.',
    cursor: 'There may be more: ask again with it.',
  }),
  DevicesQuestion: schemaOf(DevicesQuestion, { ...WORDS, tokens: WORDS.token }),
  DevicesAnswer: schemaOf(DevicesAnswer, { ...WORDS, accounts: 'The accounts that are signed in on the token.' }),
};

const BIND = { app: 'shop-android', platform: 'android', bound_at: '2026-11-28T14:00:00.000Z', fence: 'W9Z8-BvCWERt' };
const ALICE = { account: 'alice', account_type: 0 };

const security = [{ reader: [] }];
const tags = ['Senders'];

const resolve: Schema = {
  operationId: 'resolve',
  summary: 'The devices of accounts',
  description: 'Complete and strongly consistent: at most 500 devices an answer, and a cursor to the others.',
  tags,
  security,
  requestBody: {
    required: true,
    content: json(ref('schemas', 'ResolveQuestion'), {
      first: { accounts: [{ account: 'alice' }, { account: 'bob', account_type: 3 }], apps: ['shop-android'] },
      next: { accounts: [{ account: 'alice' }], cursor: 'eyJvZiI6IjA1' },
    }),
  },
  responses: {
    200: {
      description: 'The devices of each account, its newest bind first.',
      content: json(ref('schemas', 'ResolveAnswer'), {
        whole: {
          accounts: [
            { ...ALICE, devices: [{ ...BIND, token: 'phone-1' }] },
            { account: 'bob', account_type: 3, devices: [] },
          ],
        },
        page: { accounts: [{ ...ALICE, devices: [{ ...BIND, token: 'phone-1' }] }], cursor: 'eyJvZiI6IjA1' },
      }),
    },
    ...problemsOf(
      Object.values(PROBLEMS).filter(({ code }) => ![...ONLY_RECEIPTS, 'too_many_accounts'].includes(code)),
    ),
  },
};

const devices: Schema = {
  operationId: 'accountsOfDevices',
  summary: 'The accounts of tokens',
  description: 'Strongly consistent.',
  tags,
  security,
  requestBody: { required: true, content: json(ref('schemas', 'DevicesQuestion'), { one: { tokens: ['phone-1'] } }) },
  responses: {
    200: {
      description: 'The accounts on each token, in the order of the question, the newest bind first in each app.',
      content: json(ref('schemas', 'DevicesAnswer'), {
        bound: { devices: [{ token: 'phone-1', accounts: [{ ...BIND, ...ALICE }] }] },
      }),
    },
    ...problemsOf(Object.values(PROBLEMS).filter(({ code }) => ![...ONLY_RECEIPTS, 'invalid_cursor'].includes(code))),
  },
};

const HAPPENED = '2026-11-28T14:00:00.000Z';

const operations: Schema = {
  operationId: 'operation',
  summary: 'What became of a request',
  description:
    'From the ledger, seconds after the request was accepted, and for as long as `history.days` says. No names.',
  tags,
  security,
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
  responses: {
    200: {
      description: 'The outcome of the request, and of each of its operations.',
      content: json(ref('schemas', 'OperationAnswer'), {
        applied: {
          operation_id: 'f3Q0bgABCiAEJ-Q=',
          outcome: 'applied',
          from: 'events/app',
          accepted_at: '2026-11-28T14:00:00.412Z',
          operations: [
            {
              ...{ app: 'shop-android', kind: 'bindOverriding', happened_at: HAPPENED },
              ...{ outcome: 'applied', in_effect_at: '2026-11-28T14:00:01.876Z' },
            },
          ],
        },
      }),
    },
    ...problemsOf(Object.values(PROBLEMS).filter(({ code }) => !NOT_OF_RECEIPTS.includes(code))),
  },
};

export const RESOLVE_PATHS: Schema = {
  '/v1/resolve': { post: resolve },
  '/v1/devices': { post: devices },
  '/v1/operations/{id}': { get: operations },
};

export const RESOLVE_SECURITY: Schema = {
  reader: { type: 'http', scheme: 'bearer', description: "A reader's secret." },
};
