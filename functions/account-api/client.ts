import * as z from 'zod/mini';
import { type Account, accountKey, type Token, tokenOn } from '../core/account.ts';
import type { Dialect } from '../core/configuration.ts';
import { type AccountApiClientOptions, checked, type HttpAnswer, type Post, transport } from './transport.ts';
import { LIMITS, sizeOf } from './wire/elements.ts';
import {
  type ElementResult,
  OperateReplies,
  type OperateReply,
  type OperateRequest,
  OperateRequests,
} from './wire/operate.ts';
import { QueryReplies, type QueryReply, type QueryRequest, QueryRequests } from './wire/query.ts';
import { type Failure, inBothSpellings } from './wire/statuses.ts';

/**
 * The reason why a request was not done. `unavailable`: not now, or unknown; try again, after `retryAfterMs` if the answer
 * has one. `refused`: trying again would not help. `unauthorized`: the credential does not open the app, or the app is
 * closed; the caller has to stop sending. Reasons never quote the request or the answer.
 */
export type NotAnswered =
  | { readonly kind: 'unavailable'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unauthorized'; readonly reason: string };

/** A result for each element, in the order of the request. For a hosted API, which works later, `done` means accepted. */
export type OperateAnswer = { readonly kind: 'answered'; readonly results: readonly ElementResult[] } | NotAnswered;

/** The accounts bound to each token of the question, in its order; empty for a token without accounts. */
export type AccountsAnswer =
  | { readonly kind: 'found'; readonly accounts: readonly (readonly Account[])[] }
  | NotAnswered;

/** The tokens bound to each account of the question, in its order. A hosted API may leave out some of very many. */
export type TokensAnswer = { readonly kind: 'found'; readonly tokens: readonly (readonly Token[])[] } | NotAnswered;

/** A client of any Account API. A call sends one request, or none if there is nothing to send. The caller retries. */
export type AccountApiClient = {
  /** At most 20 elements with accounts, 500 tokens or 100 accounts. Throws if the request has more. */
  readonly operate: (request: OperateRequest) => Promise<OperateAnswer>;
  /** At most 100. Throws if there are more. */
  readonly accountsOf: (tokens: readonly Token[]) => Promise<AccountsAnswer>;
  /** At most 100, as above. */
  readonly tokensOf: (accounts: readonly Account[]) => Promise<TokensAnswer>;
  /** Waits for calls under way, then closes the connections. */
  readonly close: () => Promise<void>;
};

/** A client of one app. Throws if the options cannot work or would send a secret unencrypted. */
export function accountApiClient(given: AccountApiClientOptions): AccountApiClient {
  const options = checked(given);
  const { dialect, platform } = options;
  const { post, close } = transport(options);
  const ports = { post, dialect };
  const onPlatform = platform && { platform };
  return {
    operate: (request) => operate(ports, { ...onPlatform, ...request }),
    accountsOf: (tokens) => accountsOf(ports, { ...onPlatform, kind: 'accountsOf', tokens }),
    tokensOf: (accounts) => tokensOf(ports, { ...onPlatform, kind: 'tokensOf', accounts }),
    close,
  };
}

const MISMATCH: NotAnswered = { kind: 'unavailable', reason: 'not an answer to what was asked' };

/** A token is longer than the dialect allows, XG's limit is 64 bytes, or an account is not one of the dialect. */
const INEXPRESSIBLE: NotAnswered = { kind: 'refused', reason: 'not in this dialect' };

type Ports = { readonly post: Post; readonly dialect: Dialect };

async function operate({ post, dialect }: Ports, request: OperateRequest): Promise<OperateAnswer> {
  const codec = OperateRequests[dialect];
  const size = sizeOf(request);
  const inexpressible = inexpressibleIn(codec, request);
  if (size > 0 && inexpressible.size === size)
    return { kind: 'answered', results: Array.from({ length: size }, () => 'refused') };
  const sent = without(request, inexpressible);
  const answer = await post('operate', JSON.stringify(z.encode(codec, sent)));
  const reply = replyIn<Exclude<OperateReply, Failure>>(answer, OperateReplies[dialect]);
  if (reply.kind !== 'done') return reply;
  const results = resultsOf(size, inexpressible, reply.results);
  return results ? { kind: 'answered', results } : MISMATCH;
}

async function accountsOf(
  ports: Ports,
  request: Extract<QueryRequest, { kind: 'accountsOf' }>,
): Promise<AccountsAnswer> {
  const { tokens } = request;
  const reply = await query(ports, request, tokens.length);
  if (reply.kind !== 'found') return reply;
  // A hosted API may answer in the spelling in which an older version bound an iOS token.
  const spelled = (token: Token) => tokenOn(request.platform ?? 'android', token);
  const found = new Map((reply.accountsOf ?? []).map(({ token, accounts }) => [spelled(token), accounts]));
  // A token that is not in the question may be one of its tokens in another spelling: "nothing is bound" would be wrong.
  const asked = tokens.map(spelled);
  if ([...found.keys()].some((token) => !asked.includes(token))) return MISMATCH;
  // A hosted API may leave out the tokens that have no accounts.
  return { kind: 'found', accounts: asked.map((token) => found.get(token) ?? []) };
}

async function tokensOf(ports: Ports, request: Extract<QueryRequest, { kind: 'tokensOf' }>): Promise<TokensAnswer> {
  const asked = request.accounts.map(accountKey);
  const reply = await query(ports, request, asked.length);
  if (reply.kind !== 'found') return reply;
  const found = new Map((reply.tokensOf ?? []).map(({ account, tokens }) => [accountKey(account), tokens]));
  if ([...found.keys()].some((account) => !asked.includes(account))) return MISMATCH;
  return { kind: 'found', tokens: asked.map((account) => found.get(account) ?? []) };
}

/** Sends a query about `size` tokens or accounts. */
async function query({ post, dialect }: Ports, request: QueryRequest, size: number) {
  const codec: z.core.$ZodType<QueryRequest> = QueryRequests[dialect];
  if (size <= LIMITS.queried && !z.safeEncode(codec, request).success) return INEXPRESSIBLE;
  const answer = await post('query', JSON.stringify(z.encode(codec, request)));
  return replyIn<Exclude<QueryReply, Failure>>(answer, QueryReplies[dialect]);
}

type Reply = { readonly kind: string };

/**
 * Returns the reply in an HTTP answer. Only a reply in the API's own format accepts or refuses: the page of a proxy means
 * `unavailable`, whatever its status.
 */
function replyIn<T extends Reply>(answer: HttpAnswer, codec: z.core.$ZodType<T | Failure>): T | NotAnswered {
  if (answer.kind === 'unavailable') return answer;
  const { status, retryAfterMs, json } = answer;
  const later = {
    kind: 'unavailable',
    reason: `HTTP ${status}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  } as const;
  if (status === 429 || status >= 500) return later;
  const reply = z.safeParse(codec, inBothSpellings(json)).data;
  if (reply !== undefined && isFailure(reply)) return notAnswered(reply, retryAfterMs);
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason: `HTTP ${status}` };
  if (reply === undefined) return { ...later, reason: `HTTP ${status}: not an answer of an Account API` };
  return status === 200 ? reply : later;
}

const isFailure = (reply: Reply): reply is Failure => reply.kind === 'failed';

function notAnswered({ problem, code }: Failure, retryAfterMs: number | undefined): NotAnswered {
  const reason = `code ${code}`;
  if (problem === 'notAuthenticated') return { kind: 'unauthorized', reason };
  if (problem !== 'unavailable') return { kind: 'refused', reason };
  return { kind: 'unavailable', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/**
 * Returns the places of elements that the dialect cannot express, such as a token longer than XG's 64 bytes. They are not
 * sent, because one of them would make the API refuse the whole request.
 */
function inexpressibleIn(codec: z.core.$ZodType<OperateRequest>, request: OperateRequest): ReadonlySet<number> {
  const encoded = z.safeEncode(codec, request);
  // An issue's path begins with the list and the place in it.
  const places = encoded.success ? [] : encoded.error.issues.map(({ path }) => path[1]);
  return new Set(places.filter((place) => typeof place === 'number'));
}

/** Returns the request without the elements at `places`. */
function without(request: OperateRequest, places: ReadonlySet<number>): OperateRequest {
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

/**
 * Returns a result for each of `size` elements: the reply's for those that were sent, `refused` for the others; undefined
 * if the lists do not match. A reply may have no list, or one result for all elements (TPNS's own sample answers two tokens
 * with one result): then success counts for every element.
 */
function resultsOf(
  size: number,
  inexpressible: ReadonlySet<number>,
  replied: readonly ElementResult[],
): readonly ElementResult[] | undefined {
  const sent = size - inexpressible.size;
  const isForAll = replied.length !== sent && replied.every((result) => result === 'done');
  if (replied.length !== sent && !isForAll) return undefined;
  const results = replied.values();
  return Array.from({ length: size }, (_, place): ElementResult => {
    if (inexpressible.has(place)) return 'refused';
    return isForAll ? 'done' : (results.next().value ?? 'unavailable');
  });
}
