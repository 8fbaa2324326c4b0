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

/** One token and the accounts it gains or loses. */
export type OperateElement = { readonly token: Token; readonly accounts: readonly Account[] };

/** `POST /v3/device/account/batchoperate`: one kind of change, on each element by itself. */
export type OperateRequest = Circumstances &
  (
    | { readonly kind: 'bind' | 'bindOverriding' | 'unbind'; readonly elements: readonly OperateElement[] }
    | { readonly kind: 'unbindTokenFromAll'; readonly tokens: readonly Token[] }
    | { readonly kind: 'unbindAccountFromAll'; readonly accounts: readonly Account[] }
  );

const KINDS = { 1: 'bind', 2: 'bindOverriding', 3: 'unbind' } as const;
const NUMBERS = { bind: 1, bindOverriding: 2, unbind: 3 } as const;

const body = (dialect: Dialect) => {
  const platform = RequestPlatforms[dialect];
  const account = AccountElements[dialect];
  const element = z.object({ token: RequestTokens[dialect], account_list: listOf(account, LIMITS.accountsOfToken) });
  return z.discriminatedUnion(
    'operator_type',
    [
      z.object({
        operator_type: z.literal([1, 2, 3]),
        platform,
        token_accounts: listOf(element, LIMITS.tokens),
        ...operatorFields,
      }),
      z.object({
        operator_type: z.literal(4),
        platform,
        token_list: listOf(RequestTokens[dialect], LIMITS.tokensToClear),
        ...operatorFields,
      }),
      z.object({
        operator_type: z.literal(5),
        platform,
        account_list: listOf(account, LIMITS.accountsToClear),
        ...operatorFields,
      }),
    ],
    'a request is an object whose operator_type is 1 to 5',
  );
};

type Body = z.output<ReturnType<typeof body>>;

function decode(body: Body): OperateRequest {
  const circumstances = circumstancesOf(body);
  switch (body.operator_type) {
    case 4:
      return { kind: 'unbindTokenFromAll', tokens: body.token_list, ...circumstances };
    case 5:
      return { kind: 'unbindAccountFromAll', accounts: body.account_list, ...circumstances };
    default: {
      const elements = body.token_accounts.map(({ token, account_list }) => ({ token, accounts: account_list }));
      return { kind: KINDS[body.operator_type], elements, ...circumstances };
    }
  }
}

function encode(request: OperateRequest): Body {
  const operator = operatorFieldsOf(request);
  switch (request.kind) {
    case 'unbindTokenFromAll':
      return { operator_type: 4, ...platformField(request), token_list: [...request.tokens], ...operator };
    case 'unbindAccountFromAll':
      return { operator_type: 5, ...platformField(request), account_list: [...request.accounts], ...operator };
    default: {
      const elements = request.elements.map(({ token, accounts }) => ({ token, account_list: [...accounts] }));
      return {
        operator_type: NUMBERS[request.kind],
        ...platformField(request),
        token_accounts: elements,
        ...operator,
      };
    }
  }
}

const codec = (dialect: Dialect) => z.codec(body(dialect), z.custom<OperateRequest>(), { decode, encode });

/** Reads and writes a request in each dialect. Unknown keys are passed over. */
export const OperateRequests = { xg: codec('xg'), tpns: codec('tpns') } as const satisfies Record<Dialect, unknown>;
