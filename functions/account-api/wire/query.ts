import * as z from 'zod/mini';
import { type Account, Token } from '../../core/account.ts';
import type { Dialect } from '../../core/configuration.ts';
import {
  AccountElement,
  AccountElements,
  accountIn,
  type Circumstances,
  circumstancesOf,
  elementOf,
  fieldsOf,
  inDialects,
  LIMITS,
  listOf,
  operatorFields,
  RequestPlatforms,
  RequestTokens,
} from './elements.ts';
import { codeOf, type Failure, failureOf, STATUSES } from './statuses.ts';

/** `POST /v3/device/account/query`: the tokens bound to accounts, or the accounts bound to tokens. */
export type QueryRequest = Circumstances &
  (
    | { readonly kind: 'tokensOf'; readonly accounts: readonly Account[] }
    | { readonly kind: 'accountsOf'; readonly tokens: readonly Token[] }
  );

const requestBody = (dialect: Dialect) => {
  const platform = RequestPlatforms[dialect];
  return z.discriminatedUnion(
    'operator_type',
    [
      z.object({
        operator_type: z.literal(1),
        platform,
        account_list: listOf(AccountElements[dialect], LIMITS.queried),
        ...operatorFields,
      }),
      z.object({
        operator_type: z.literal(2),
        platform,
        token_list: listOf(RequestTokens[dialect], LIMITS.queried),
        ...operatorFields,
      }),
    ],
    'a request is an object whose operator_type is 1 or 2',
  );
};

type RequestBody = z.output<ReturnType<typeof requestBody>>;

const decodeRequest = (body: RequestBody): QueryRequest =>
  body.operator_type === 1
    ? { kind: 'tokensOf', accounts: body.account_list, ...circumstancesOf(body) }
    : { kind: 'accountsOf', tokens: body.token_list, ...circumstancesOf(body) };

function encodeRequest(request: QueryRequest): RequestBody {
  const fields = fieldsOf(request);
  if (request.kind === 'tokensOf') return { operator_type: 1, ...fields, account_list: [...request.accounts] };
  return { operator_type: 2, ...fields, token_list: [...request.tokens] };
}

/** Reads and writes a query in each dialect. Ignores unknown keys. */
export const QueryRequests = inDialects((dialect) =>
  z.codec(requestBody(dialect), z.custom<QueryRequest>(), { decode: decodeRequest, encode: encodeRequest }),
);

type TokensOfAccount = { readonly account: Account; readonly tokens: readonly Token[] };
type AccountsOfToken = { readonly token: Token; readonly accounts: readonly Account[] };

/**
 * The reply of a query: an entry for each element in the order of the request, empty if nothing is bound. It has one of the
 * two lists; a hosted API may leave out both if nothing was found.
 */
export type QueryReply =
  | {
      readonly kind: 'found';
      readonly tokensOf?: readonly TokensOfAccount[];
      readonly accountsOf?: readonly AccountsOfToken[];
    }
  | Failure;

/** The result of each element of a TPNS query; the XG document has no such list. */
export const FOUND = { some: '0', none: '10110008' } as const;

const tokensOf = (dialect: Dialect) =>
  z.codec(z.extend(AccountElement, { token_list: z.array(Token) }), z.custom<TokensOfAccount>(), {
    decode: ({ token_list, ...element }) => ({ account: accountIn(element), tokens: token_list }),
    encode: ({ account, tokens }) => ({ ...elementOf(dialect, account), token_list: [...tokens] }),
  });

const accountsOf = (dialect: Dialect) =>
  z.codec(z.object({ token: Token, account_list: z.array(AccountElements[dialect]) }), z.custom<AccountsOfToken>(), {
    decode: ({ token, account_list }) => ({ token, accounts: account_list }),
    encode: ({ token, accounts }) => ({ token, account_list: [...accounts] }),
  });

const lists = (dialect: Dialect) => ({
  account_tokens: z.optional(z.array(tokensOf(dialect))),
  token_accounts: z.optional(z.array(accountsOf(dialect))),
});

type Lists = {
  account_tokens?: readonly TokensOfAccount[] | undefined;
  token_accounts?: readonly AccountsOfToken[] | undefined;
};

const found = ({ account_tokens, token_accounts }: Lists): QueryReply => ({
  kind: 'found',
  ...(account_tokens && { tokensOf: account_tokens }),
  ...(token_accounts && { accountsOf: token_accounts }),
});

const listsOf = ({ tokensOf, accountsOf }: Exclude<QueryReply, Failure>) => ({
  ...(tokensOf && { account_tokens: [...tokensOf] }),
  ...(accountsOf && { token_accounts: [...accountsOf] }),
});

const resultsOf = ({ tokensOf = [], accountsOf = [] }: Exclude<QueryReply, Failure>): string[] =>
  [...tokensOf.map(({ tokens }) => tokens), ...accountsOf.map(({ accounts }) => accounts)].map((bound) =>
    bound.length === 0 ? FOUND.none : FOUND.some,
  );

const XgBody = z.object({ ret_code: z.int(), err_msg: z._default(z.string(), ''), ...lists('xg') });

const XgReply = z.codec(XgBody, z.custom<QueryReply>(), {
  decode: ({ ret_code, ...body }) => (ret_code === 0 ? found(body) : failureOf('xg', ret_code)),
  encode: (reply) => {
    const { code, text } = reply.kind === 'found' ? STATUSES.ok.xg : codeOf('xg', reply);
    return { ret_code: code, err_msg: text, ...(reply.kind === 'found' && listsOf(reply)) };
  },
});

const TpnsBody = z.object({
  retCode: z.int(),
  errMsg: z._default(z.string(), ''),
  ret_code: z.optional(z.int()),
  err_msg: z.optional(z.string()),
  result: z.optional(z.array(z.string())),
  ...lists('tpns'),
});

/** TPNS codes of replies whose lists can be read, also if not everything was found. */
const FOUND_CODES: readonly number[] = [
  0,
  STATUSES.partlyRefused.tpns.code,
  STATUSES.allRefused.tpns.code,
  Number(FOUND.none),
];

const TpnsReply = z.codec(TpnsBody, z.custom<QueryReply>(), {
  decode: ({ retCode, ...body }) => (FOUND_CODES.includes(retCode) ? found(body) : failureOf('tpns', retCode)),
  encode: (reply) => {
    if (reply.kind === 'found') {
      const { code, text } = STATUSES.ok.tpns;
      return { retCode: code, errMsg: text, result: resultsOf(reply), ...listsOf(reply) };
    }
    // Clients that know ret_code alone would read a failure without it as 0.
    const { code, text } = codeOf('tpns', reply);
    return { retCode: code, errMsg: text, ret_code: code, err_msg: text };
  },
});

/**
 * Reads and writes the reply of a query: `ret_code`, `err_msg` in XG, `retCode`, `errMsg`, `result` in TPNS. A failure in
 * TPNS has both spellings.
 */
export const QueryReplies = { xg: XgReply, tpns: TpnsReply } as const satisfies Record<Dialect, unknown>;
