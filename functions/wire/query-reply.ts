import * as z from 'zod';
import { type Account, Token } from '../core/account.ts';
import type { Dialect } from '../core/configuration.ts';
import { AccountElements } from './elements.ts';
import { type Failure, textOf } from './issue.ts';
import { problemOf, STATUSES } from './statuses.ts';

export type TokensOfAccount = { readonly account: Account; readonly tokens: readonly Token[] };
export type AccountsOfToken = { readonly token: Token; readonly accounts: readonly Account[] };

/** The reply of a query: an entry for each element in the order of the request, of what is bound the most recent first. */
export type QueryReply =
  | {
      readonly kind: 'found';
      readonly tokensOf?: readonly TokensOfAccount[];
      readonly accountsOf?: readonly AccountsOfToken[];
    }
  | Failure;

/** An element's result in a TPNS query. */
export const FOUND = { some: '0', none: '10110008' } as const;

const lists = (dialect: Dialect) => ({
  account_tokens: z.array(AccountElements[dialect].and(z.object({ token_list: z.array(Token) }))).optional(),
});
