import * as z from 'zod/mini';
import { accountsOf, tokensOf } from '../core/bindings.ts';
import type { App } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { RegistryStore } from '../core/store.ts';
import type { HttpReply } from '../lambda/request.ts';
import { failed, lineOf } from './reply.ts';
import { QueryReplies, type QueryReply, type QueryRequest } from './wire/query.ts';

/** `now`: milliseconds since 1970. */
type QueryPorts = { readonly store: RegistryStore; readonly now: () => number };

/** Answers a request of `query` from strongly consistent reads. */
export async function query({ store, now }: QueryPorts, app: App, request: QueryRequest): Promise<HttpReply> {
  const line = lineOf(request);
  const reply = await orUnavailable(() => found(store, app, request, now()));
  if (reply.kind === 'unavailable')
    return failed({ app, endpoint: 'query' }, { problem: 'unavailable' }, reply.reason, line);
  return {
    status: 200,
    body: z.encode(QueryReplies[app.dialect], reply),
    line: { app: app.id, ...line, outcome: 'answered' },
  };
}

/** Returns one entry for each element, in the order of the request. */
async function found(
  store: RegistryStore,
  { id: app }: App,
  request: QueryRequest,
  nowMs: number,
): Promise<QueryReply> {
  if (request.kind === 'tokensOf') {
    const { accounts } = request;
    const tokens = await tokensOf(
      store,
      accounts.map((account) => ({ app, account })),
      nowMs,
    );
    return { kind: 'found', tokensOf: accounts.map((account, i) => ({ account, tokens: tokens[i] ?? [] })) };
  }
  const { tokens } = request;
  const accounts = await accountsOf(
    store,
    tokens.map((token) => ({ app, token })),
    nowMs,
  );
  return { kind: 'found', accountsOf: tokens.map((token, i) => ({ token, accounts: accounts[i] ?? [] })) };
}
