import * as z from 'zod/mini';
import { type Token, tokenOn } from '../core/account.ts';
import { accountsOf, tokensOf } from '../core/bindings.ts';
import type { App } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { RegistryStore } from '../core/store.ts';
import type { HttpReply } from '../lambda/request.ts';
import { failed, lineOf } from './reply.ts';
import { QueryReplies, type QueryReply, type QueryRequest } from './wire/query.ts';

/** `now`: milliseconds since 1970. */
type QueryPorts = { readonly store: RegistryStore; readonly now: () => number };

/**
 * Answers a request of `query` from strongly consistent reads. Replies of the documents have no place to say that an
 * account has more tokens than are shown, so a header does, with the places of these accounts in the request.
 */
export async function query({ store, now }: QueryPorts, app: App, request: QueryRequest): Promise<HttpReply> {
  const line = lineOf(request);
  const answer = await orUnavailable(() => found(store, app, request, now()));
  if ('kind' in answer) return failed({ app, endpoint: 'query' }, { problem: 'unavailable' }, answer.reason, line);
  const { reply, more } = answer;
  return {
    status: 200,
    ...(more.length > 0 && { headers: { 'bindery-more': more.join(',') } }),
    body: z.encode(QueryReplies[app.dialect], reply),
    line: { app: app.id, ...line, outcome: 'answered' },
  };
}

/** One entry for each element, in the order of the request, and the places of accounts that have more tokens. */
type Found = { readonly reply: QueryReply; readonly more: readonly number[] };

async function found(
  store: RegistryStore,
  { id: app, platform }: App,
  request: QueryRequest,
  nowMs: number,
): Promise<Found> {
  if (request.kind === 'tokensOf') {
    // A spelling that an older version stored is not shown: logins and logouts of its token no longer reach it.
    const isOneSpelling = (token: Token) => token === tokenOn(platform, token);
    const { accounts } = request;
    const refs = accounts.map((account) => ({ app, account }));
    const shown = await tokensOf(store, refs, nowMs);
    const entries = accounts.map((account, i) => ({ account, tokens: (shown[i]?.tokens ?? []).filter(isOneSpelling) }));
    const more = [...shown.keys()].filter((place) => shown[place]?.hasMore);
    return { reply: { kind: 'found', tokensOf: entries }, more };
  }
  const { tokens } = request;
  const refs = tokens.map((token) => ({ app, token: tokenOn(platform, token) }));
  const accounts = await accountsOf(store, refs, nowMs);
  const entries = tokens.map((token, i) => ({ token, accounts: accounts[i] ?? [] }));
  return { reply: { kind: 'found', accountsOf: entries }, more: [] };
}
