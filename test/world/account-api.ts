import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { type AccountApiPorts, accountApiHandler } from '../../functions/account-api/handler.ts';
import { appSecret, signatureOf } from '../../functions/account-api/wire/credentials.ts';
import { type Endpoint, PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { App } from '../../functions/core/configuration.ts';
import { Operation } from '../../functions/core/operation.ts';
import { type Outcome, Unavailable } from '../../functions/core/outcome.ts';
import { stampOf } from '../../functions/core/stamp.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';
import { accepting } from '../../functions/operations/accept.ts';
import { manyOf, memoryRegistryStore } from '../memory/registry-store.ts';

/** Two apps in each dialect, to find effects of one on the other; and one in each with the policy `one-per-type`. */
const APPS = ['xg', 'xg-2', 'xg-typed', 'tpns', 'tpns-2', 'tpns-typed'].map((id) =>
  App.parse({
    id,
    ...(id.startsWith('xg') ? { dialect: 'xg', platform: 'android' } : { dialect: 'tpns', platform: 'ios' }),
    policy: id.endsWith('typed') ? 'one-per-type' : 'many',
  }),
);

export const T0 = Date.parse('2026-01-01T00:00:00Z');

const secretOf = (app: string): string => `the newest secret of ${app}`;
export const olderSecretOf = (app: string): string => `the secret of ${app} before: it has a colon`;

export type Headers = Readonly<Record<string, string>>;

export const basic = (app: string, secret = secretOf(app)): Headers => ({
  authorization: `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`,
});

export function signed(app: string, body: string | Buffer, { secret = secretOf(app), ms = T0 } = {}): Headers {
  const timestamp = String(Math.floor(ms / 1000));
  return {
    accessid: app,
    timestamp,
    sign: signatureOf(appSecret(secret).key, { timestamp, app, body: Buffer.from(body) }),
  };
}

/**
 * The real handler and core over a store and a queue in memory, either of which can be made unavailable. Each request comes
 * a millisecond after the previous one. `other`: ports to use instead.
 */
export function world(other: Partial<AccountApiPorts> = {}) {
  const state = { ms: T0, isQueueDown: false, isStoreDown: false, areSecretsDown: false, writes: 0, requests: 0 };
  const store = watched(state);
  const queue: { id: string; operations: readonly Operation[] }[] = [];
  const apply = (operations: readonly Operation[], durable?: Promise<unknown>): Promise<Outcome[]> =>
    applyAll({ store, now: () => state.ms, pause: async () => {} }, operations, {
      answers: true,
      ...(durable && { durable }),
    });
  const accept = accepting({
    enqueue: async ({ id }, operations) => {
      if (state.isQueueDown) throw new Unavailable('QueueDown');
      queue.push({ id, operations });
    },
    apply: (operations, _, durable) => apply(operations, durable),
    withinBudget: (work) => work,
  });
  const ports: AccountApiPorts = {
    apps: new Map(APPS.map((app) => [`${app.id}`, app])),
    secretsOf: async (app) => {
      if (state.areSecretsDown) throw new Unavailable('SecretsDown');
      return [appSecret(secretOf(app)), appSecret(olderSecretOf(app))];
    },
    store,
    accept,
    now: () => state.ms,
    sleep: async (ms) => {
      state.ms += ms;
    },
    ...other,
  };
  const handle = accountApiHandler(ports);
  const send = (request: Partial<HttpRequest>): Promise<HttpReply> => {
    state.requests += 1;
    state.ms += 1;
    const body = request.body ?? Buffer.alloc(0);
    const plain = { id: `request-${state.requests}`, method: 'POST', path: PATHS.operate, headers: {} };
    return handle({ ...plain, ...request, body });
  };
  const ask = async (app: string, endpoint: Endpoint, body: unknown): Promise<unknown> => {
    const reply = await send({ path: PATHS[endpoint], headers: basic(app), body: Buffer.from(JSON.stringify(body)) });
    return reply.body;
  };
  return {
    state,
    store,
    queue,
    ports,
    handle,
    send,
    operate: (app: string, body: unknown) => ask(app, 'operate', body),
    query: (app: string, body: unknown) => ask(app, 'query', body),
    /** The accounts on a token, each as `type#id`. */
    held: async (app: string, token: string): Promise<string[]> => {
      const { token_accounts } = Found.parse(await ask(app, 'query', accountsOf(token)));
      return token_accounts.flatMap(({ account_list }) =>
        account_list.map(({ account, account_type }) => `${account_type}#${account}`),
      );
    },
    /** The tokens of an account. */
    holders: async (app: string, ...account: [string] | [string, number]): Promise<string[]> => {
      const body = tokensOf(account[1] === undefined ? account[0] : [account[0], account[1]]);
      return Found.parse(await ask(app, 'query', body)).account_tokens.flatMap(({ token_list }) => token_list);
    },
    /** Applies every message of the queue again, as the worker does. */
    redeliver: async () => {
      for (const { operations } of queue) await apply(operations);
    },
    /** A number that grows with every change of a request. */
    changes: () => state.writes + queue.length,
  };
}

const Found = z.object({
  account_tokens: z.array(z.object({ token_list: z.array(z.string()) })).default([]),
  token_accounts: z
    .array(z.object({ account_list: z.array(z.object({ account: z.string(), account_type: z.int().default(0) })) }))
    .default([]),
});

export type World = ReturnType<typeof world>;

function watched(state: { isStoreDown: boolean; writes: number }): RegistryStore {
  const store = memoryRegistryStore();
  const up = async <T>(work: () => Promise<T>): Promise<T> => {
    if (state.isStoreDown) throw new Unavailable('StoreDown');
    return work();
  };
  const write = <T>(work: () => Promise<T>): Promise<T> =>
    up(() => {
      state.writes += 1;
      return work();
    });
  return manyOf({
    documents: (tokens) => up(() => store.documents(tokens)),
    pointers: (...parameters) => up(() => store.pointers(...parameters)),
    watermarks: (accounts) => up(() => store.watermarks(accounts)),
    write: (token, document, version) => write(() => store.write(token, document, version)),
    raisePointer: (account, token, edge) => write(() => store.raisePointer(account, token, edge)),
    writeWatermark: (...parameters) => write(() => store.writeWatermark(...parameters)),
    newestLogin: (installation) => up(() => store.newestLogin(installation)),
    writeNewestLogin: (...parameters) => write(() => store.writeNewestLogin(...parameters)),
  });
}

/** Bodies as a client of the dialect writes them. */
export const tokenAccounts = (kind: 1 | 2 | 3, token: string, ...accounts: (string | [string, number])[]) => ({
  operator_type: kind,
  token_accounts: [{ token, account_list: accounts.map(account) }],
});

export const account = (named: string | [string, number]) =>
  typeof named === 'string' ? { account: named } : { account: named[0], account_type: named[1] };

export const tokensOf = (...accounts: (string | [string, number])[]) => ({
  operator_type: 1,
  account_list: accounts.map(account),
});

export const accountsOf = (...tokens: string[]) => ({ operator_type: 2, token_list: tokens });

/** The bytes of a JSON body. */
export const json = (body: unknown): Buffer => Buffer.from(JSON.stringify(body));

/** The bind of an event that happened before every request. */
export const lateBind = (app: string, token: string, id: string): Operation =>
  Operation.parse({
    kind: 'bind',
    app,
    token,
    accounts: [{ type: 0, id }],
    stamp: stampOf('bind', T0, '0123456789abcdef'),
  });
