import * as z from 'zod/mini';
import type { Account, Token } from '../../core/account.ts';
import type { Dialect } from '../../core/configuration.ts';
import {
  AccountElements,
  type Circumstances,
  circumstancesOf,
  LIMITS,
  listOf,
  operatorFields,
  operatorFieldsOf,
  platformField,
  RequestPlatforms,
  RequestTokens,
} from './elements.ts';

/** `POST /v3/device/account/query`: the tokens bound to accounts, or the accounts bound to tokens. */
export type QueryRequest = Circumstances &
  (
    | { readonly kind: 'tokensOf'; readonly accounts: readonly Account[] }
    | { readonly kind: 'accountsOf'; readonly tokens: readonly Token[] }
  );

const body = (dialect: Dialect) => {
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

type Body = z.output<ReturnType<typeof body>>;

const decode = (body: Body): QueryRequest =>
  body.operator_type === 1
    ? { kind: 'tokensOf', accounts: body.account_list, ...circumstancesOf(body) }
    : { kind: 'accountsOf', tokens: body.token_list, ...circumstancesOf(body) };

function encode(request: QueryRequest): Body {
  const [platform, operator] = [platformField(request), operatorFieldsOf(request)];
  if (request.kind === 'tokensOf')
    return { operator_type: 1, ...platform, account_list: [...request.accounts], ...operator };
  return { operator_type: 2, ...platform, token_list: [...request.tokens], ...operator };
}

const codec = (dialect: Dialect) => z.codec(body(dialect), z.custom<QueryRequest>(), { decode, encode });

/** Reads and writes a query in each dialect. Unknown keys are passed over. */
export const QueryRequests = { xg: codec('xg'), tpns: codec('tpns') } as const satisfies Record<Dialect, unknown>;
