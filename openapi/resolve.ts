import * as z from 'zod';
import { AccountId, Token } from '../functions/core/account.ts';
import { PROBLEMS } from '../functions/resolve/handler.ts';
import { DevicesQuestion, ResolveQuestion } from '../functions/resolve/questions.ts';
import { problemsOf } from './problems.ts';
import { json, ref, ruleOf, type Schema, schemaOf } from './schemas.ts';

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

export const RESOLVE_SCHEMAS: Schema = {
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
    ...problemsOf(Object.values(PROBLEMS).filter(({ code }) => code !== 'too_many_accounts')),
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
    ...problemsOf(Object.values(PROBLEMS).filter(({ code }) => code !== 'invalid_cursor')),
  },
};

export const RESOLVE_PATHS: Schema = { '/v1/resolve': { post: resolve }, '/v1/devices': { post: devices } };

export const RESOLVE_SECURITY: Schema = {
  reader: { type: 'http', scheme: 'bearer', description: "A reader's secret." },
};
