import * as z from 'zod/mini';
import { type Account, accountKey, type Token } from '../core/account.ts';
import type { Dialect } from '../core/configuration.ts';
import { type AccountApiClientOptions, checked, type Heard, type Post, transport } from './transport.ts';
import { LIMITS } from './wire/elements.ts';
import {
  type ElementResult,
  OperateReplies,
  type OperateReply,
  type OperateRequest,
  OperateRequests,
} from './wire/operate.ts';
import { QueryReplies, type QueryReply, type QueryRequest, QueryRequests } from './wire/query.ts';
import type { Failure } from './wire/statuses.ts';

/**
 * Why a request was not done. `unavailable`: not now, or nobody can tell; try again, after `retryAfterMs` where the
 * answer says so. `refused`: trying again would not help. `unauthorized`: the credential does not open the app, or
 * the app is closed; whoever goes on sending has to stop. Reasons never quote what was sent or what came back.
 */
export type NotAnswered =
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unauthorized'; readonly reason: string };

/** A result for each element, in the order of the request. A hosted API works later: `done` says that it has the task. */
export type OperateAnswer = { readonly kind: 'answered'; readonly results: readonly ElementResult[] } | NotAnswered;

/** What is bound to each account, or token, asked about, in the order asked; empty where nothing is. */
type TokensAnswer = { readonly kind: 'found'; readonly tokens: readonly (readonly Token[])[] } | NotAnswered;
export type AccountsAnswer =
  | { readonly kind: 'found'; readonly accounts: readonly (readonly Account[])[] }
  | NotAnswered;

/** Any Account API. One call is one attempt, or none where there is nothing to send; whoever calls tries again. */
export type AccountApiClient = {
  /** At most 20 elements with accounts, 500 tokens or 100 accounts. Throws where the request has more. */
  readonly operate: (request: OperateRequest) => Promise<OperateAnswer>;
  /** At most 100. */
  readonly tokensOf: (accounts: readonly Account[]) => Promise<TokensAnswer>;
  /** At most 100. */
  readonly accountsOf: (tokens: readonly Token[]) => Promise<AccountsAnswer>;
  /** Waits for calls under way, then lets the connections go. */
  readonly close: () => Promise<void>;
};

/** A client of one app of one Account API. Throws where the options cannot work or would send a secret in the clear. */
export function accountApiClient(given: AccountApiClientOptions): AccountApiClient {
  const options = checked(given);
  const { dialect, platform } = options;
  const { post, close } = transport(options);
  const ports = { post, dialect };
  const said = platform && { platform };
  return {
    operate: (request) => operate(ports, { ...said, ...request }),
    tokensOf: async (accounts) => {
      const answer = await query(ports, { ...said, kind: 'tokensOf', accounts });
      if (answer.kind !== 'found') return answer;
      const found = (answer.tokensOf ?? []).map(({ account, tokens }) => [accountKey(account), tokens] as const);
      const tokens = inOrder(accounts.map(accountKey), found);
      return tokens ? { kind: 'found', tokens } : SOMETHING_ELSE;
    },
    accountsOf: async (tokens) => {
      const answer = await query(ports, { ...said, kind: 'accountsOf', tokens });
      if (answer.kind !== 'found') return answer;
      const found = (answer.accountsOf ?? []).map(({ token, accounts }) => [token, accounts] as const);
      const accounts = inOrder(tokens, found);
      return accounts ? { kind: 'found', accounts } : SOMETHING_ELSE;
    },
    close,
  };
}

const SOMETHING_ELSE: NotAnswered = { kind: 'unavailable', reason: 'not an answer to what was asked' };

/** One of the names is more than the dialect can say, such as a token longer than XG's 64 bytes. */
const UNSAYABLE: NotAnswered = { kind: 'refused', reason: 'not in this dialect' };

const sizeOfQuery = (request: QueryRequest): number =>
  request.kind === 'tokensOf' ? request.accounts.length : request.tokens.length;

type Ports = { readonly post: Post; readonly dialect: Dialect };

async function operate({ post, dialect }: Ports, request: OperateRequest): Promise<OperateAnswer> {
  const codec = OperateRequests[dialect];
  const size = sizeOf(request);
  const unsayable = unsayableIn(codec, request);
  const rest = without(request, unsayable);
  if (rest === undefined) return { kind: 'answered', results: Array.from({ length: size }, () => 'refused') };
  const heard = await post('operate', JSON.stringify(z.encode(codec, rest)));
  const answer = answerIn<Exclude<OperateReply, Failure>>(heard, {
    own: OperateReplies[dialect],
    other: QueryReplies[dialect],
  });
  if (answer.kind !== 'done') return answer;
  const results = resultsOf(size, unsayable, answer.results);
  return results ? { kind: 'answered', results } : SOMETHING_ELSE;
}

async function query(
  { post, dialect }: Ports,
  request: QueryRequest,
): Promise<Exclude<QueryReply, Failure> | NotAnswered> {
  const said = z.safeEncode<z.core.$ZodType<QueryRequest>>(QueryRequests[dialect], request);
  if (!said.success && sizeOfQuery(request) <= LIMITS.queried) return UNSAYABLE;
  const heard = await post('query', JSON.stringify(z.encode(QueryRequests[dialect], request)));
  return answerIn<Exclude<QueryReply, Failure>>(heard, { own: QueryReplies[dialect], other: OperateReplies[dialect] });
}

type Answer = { readonly kind: string };

/** The codec of an endpoint's replies, and that of the other endpoint, in whose spelling a gateway may say a failure. */
type Replies<T extends Answer> = {
  readonly own: z.core.$ZodType<T | Failure>;
  readonly other: z.core.$ZodType<Answer>;
};

/**
 * What an answer says. Only the API's own words refuse or accept: a page of some proxy says nothing about the request,
 * whatever its status.
 */
function answerIn<T extends Answer>(heard: Heard, replies: Replies<T>): T | NotAnswered {
  if (heard.kind === 'unavailable') return heard;
  const { status, retryAfterMs, json } = heard;
  const later = {
    kind: 'unavailable',
    reason: `HTTP ${status}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  } as const;
  if (status === 429 || status >= 500) return later;
  const reply = replyIn(json, replies);
  if (reply !== undefined && isFailure(reply)) return notAnswered(reply, retryAfterMs);
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason: `HTTP ${status}` };
  if (reply === undefined) return { ...later, reason: `HTTP ${status}: not an answer of an Account API` };
  return status === 200 ? reply : later;
}

function replyIn<T extends Answer>(json: unknown, { own, other }: Replies<T>): T | Failure | undefined {
  const reply = z.safeParse(own, json);
  if (reply.success) return reply.data;
  const failure = z.safeParse(other, json);
  return failure.success && isFailure(failure.data) ? failure.data : undefined;
}

const isFailure = (reply: Answer): reply is Failure => reply.kind === 'failed';

function notAnswered({ problem, code }: Failure, retryAfterMs: number | undefined): NotAnswered {
  const reason = `code ${code}`;
  switch (problem) {
    case 'notAuthenticated':
      return { kind: 'unauthorized', reason };
    case 'unavailable':
      return { kind: 'unavailable', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    default:
      return { kind: 'refused', reason };
  }
}

/**
 * Places of elements that the dialect cannot say, such as a token longer than XG's 64 bytes. They are not sent: one of
 * them would have the whole request refused.
 */
function unsayableIn(codec: z.core.$ZodType<OperateRequest>, request: OperateRequest): ReadonlySet<number> {
  const encoded = z.safeEncode(codec, request);
  // An issue's path begins with the list and the place in it.
  const places = encoded.success ? [] : encoded.error.issues.map(({ path }) => path[1]);
  return new Set(places.filter((place) => typeof place === 'number'));
}

/** The request without the elements at `places`, or nothing where none is left. */
function without(request: OperateRequest, places: ReadonlySet<number>): OperateRequest | undefined {
  if (places.size === 0) return request;
  if (places.size === sizeOf(request)) return undefined;
  const isLeft = (_: unknown, place: number) => !places.has(place);
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return { ...request, tokens: request.tokens.filter(isLeft) };
    case 'unbindAccountFromAll':
      return { ...request, accounts: request.accounts.filter(isLeft) };
    default:
      return { ...request, elements: request.elements.filter(isLeft) };
  }
}

function sizeOf(request: OperateRequest): number {
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return request.tokens.length;
    case 'unbindAccountFromAll':
      return request.accounts.length;
    default:
      return request.elements.length;
  }
}

/**
 * A result for each of `size` elements: what was said of those that were sent, and `refused` for the others. Nothing
 * where the lists do not match. A reply may have no list, or one for all (TPNS's own sample answers two tokens with
 * one result): then success speaks for every element.
 */
function resultsOf(
  size: number,
  unsayable: ReadonlySet<number>,
  said: readonly ElementResult[],
): readonly ElementResult[] | undefined {
  const sent = size - unsayable.size;
  const isForAll = said.length !== sent && said.every((result) => result === 'done');
  if (said.length !== sent && !isForAll) return undefined;
  const results = said.values();
  return Array.from({ length: size }, (_, place): ElementResult => {
    if (unsayable.has(place)) return 'refused';
    return isForAll ? 'done' : (results.next().value ?? 'unavailable');
  });
}

/**
 * What was found of each name asked, in the order asked; a hosted API may leave out what it did not find. Nothing where
 * a name was not asked for: an answer in which names look different would otherwise read as "nothing is bound".
 */
function inOrder<T>(
  asked: readonly string[],
  found: readonly (readonly [name: string, bound: readonly T[]])[],
): readonly (readonly T[])[] | undefined {
  if (found.some(([name]) => !asked.includes(name))) return undefined;
  const bound = new Map(found);
  return asked.map((name) => bound.get(name) ?? []);
}
