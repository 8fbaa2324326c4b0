import * as z from 'zod/mini';
import { accountKey } from '../core/account.ts';
import type { Dialect } from '../core/configuration.ts';
import type { AccountApiClient, NotAnswered, OperateAnswer } from '../handlers/hosted.ts';
import { LIMITS } from '../wire/elements.ts';
import type { Failure } from '../wire/failure.ts';
import { OperateReplies, type OperateReply } from '../wire/operate-reply.ts';
import { type OperateRequest, OperateRequests } from '../wire/operate-request.ts';
import { QueryReplies, type QueryReply } from '../wire/query-reply.ts';
import { type QueryRequest, QueryRequests } from '../wire/query-request.ts';
import { answerIn } from './account-api-client-answer.ts';
import { inOrder, resultsOf, sizeOf, unsayableIn, without } from './account-api-client-elements.ts';
import { type AccountApiClientOptions, checked } from './account-api-client-options.ts';
import { type Post, transport } from './account-api-client-transport.ts';

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
