import * as z from 'zod/mini';
import { accountsOf, tokensOf } from '../core/bindings.ts';
import type { App } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { RegistryStore } from '../core/store.ts';
import type { HttpReply } from '../lambda/request.ts';
import { failed, isOfAnotherPlatform, OTHER_PLATFORM } from './reply.ts';
import { QueryReplies, type QueryReply, type QueryRequest, QueryRequests } from './wire/query.ts';
import { readRequest } from './wire/statuses.ts';

/** Reads and answers a request of `query`, from strongly consistent reads. */
export async function query(store: RegistryStore, app: App, json: unknown): Promise<HttpReply> {
  const asked = { app, endpoint: 'query' } as const;
  const read = readRequest(QueryRequests[app.dialect], json);
  if ('problem' in read) return failed(asked, read);
  const { request } = read;
  if (isOfAnotherPlatform(app, request)) return failed(asked, OTHER_PLATFORM);
  const line = {
    operation: request.kind,
    elements: request.kind === 'tokensOf' ? request.accounts.length : request.tokens.length,
    ...(request.operator?.type && { operator: request.operator.type }),
  };
  const reply = await orUnavailable(() => answer(store, app, request));
  if (reply.kind === 'unavailable') return failed(asked, { problem: 'unavailable' }, reply.reason, line);
  return {
    status: 200,
    body: z.encode(QueryReplies[app.dialect], reply),
    line: { app: app.id, ...line, outcome: 'answered' },
  };
}

/** One entry for each element, in the order of the request. */
async function answer(store: RegistryStore, { id: app }: App, request: QueryRequest): Promise<QueryReply> {
  if (request.kind === 'tokensOf') {
    const tokens = await tokensOf(
      store,
      request.accounts.map((account) => ({ app, account })),
    );
    return { kind: 'found', tokensOf: request.accounts.map((account, i) => ({ account, tokens: tokens[i] ?? [] })) };
  }
  const accounts = await accountsOf(
    store,
    request.tokens.map((token) => ({ app, token })),
  );
  return { kind: 'found', accountsOf: request.tokens.map((token, i) => ({ token, accounts: accounts[i] ?? [] })) };
}
