import { LIMITS } from '../account-api/wire/elements.ts';
import { type Account, accountKey, type Token } from '../core/account.ts';
import type { Dialect } from '../core/configuration.ts';
import { chunksOf } from '../core/parallel.ts';

/** The accounts a hosted token must hold, and the others that may be bound to it. In the hosted API's account types. */
export type Target = {
  readonly token: Token;
  readonly accounts: readonly Account[];
  readonly seen: readonly Account[];
};

type Element = { readonly token: Token; readonly accounts: readonly Account[] };

/** A call that makes hosted tokens equal to the registry. The calls of one plan can take effect in any order. */
export type MirrorCall =
  | { readonly kind: 'bindOverriding' | 'unbind'; readonly elements: readonly Element[] }
  | { readonly kind: 'unbindTokenFromAll'; readonly tokens: readonly Token[] };

/** Tokens in one call. Both documents allow 20 in binds and name no limit for removals: the mirror uses 20 for both. */
export const TOKENS_A_CALL = 20;

/**
 * Returns those of the accounts, newest first, that a hosted token can hold. TPNS keeps one account of each type
 * (https://www.tencentcloud.com/document/product/1024/33768): the newest of each. XG keeps ten (its Android SDK's page).
 */
export function holdable(dialect: Dialect, accounts: readonly Account[]): Account[] {
  const kept = new Map<string | number, Account>();
  for (const account of accounts) {
    const place = dialect === 'tpns' ? account.type : accountKey(account);
    if (!kept.has(place)) kept.set(place, account);
  }
  return [...kept.values()].slice(0, MOST_ACCOUNTS[dialect]);
}

/**
 * Returns the fewest calls that leave each token with exactly its accounts: an override for a token with accounts, an
 * unbind of everything for a token without. TPNS's override replaces only the types it names; accounts of other types
 * are unbound by name. Each token must be in the list only once.
 */
export function planCalls(dialect: Dialect, targets: readonly Target[]): MirrorCall[] {
  const bound = targets.filter(({ accounts }) => accounts.length > 0);
  const empty = targets.filter(({ accounts }) => accounts.length === 0).map(({ token }) => token);
  const stale = bound
    .map(({ token, accounts, seen }) => ({ token, accounts: dialect === 'tpns' ? leftBy(accounts, seen) : [] }))
    .filter(({ accounts }) => accounts.length > 0);
  const binds = bound.map(({ token, accounts }) => ({ token, accounts }));
  return [
    ...chunksOf(empty, TOKENS_A_CALL).map((tokens) => ({ kind: 'unbindTokenFromAll', tokens }) as const),
    ...chunksOf(stale, TOKENS_A_CALL).map((elements) => ({ kind: 'unbind', elements }) as const),
    ...chunksOf(binds, TOKENS_A_CALL).map((elements) => ({ kind: 'bindOverriding', elements }) as const),
  ];
}

/** Accounts that stay bound after an override of each type. */
function leftBy(accounts: readonly Account[], seen: readonly Account[]): Account[] {
  const replaced = new Set(accounts.map(({ type }) => type));
  return seen.filter(({ type }) => !replaced.has(type)).slice(0, MOST_ACCOUNTS.tpns);
}

/** Accounts of one token in one call. TPNS names no number. The next verification finds any others to remove. */
const MOST_ACCOUNTS = { xg: 10, tpns: LIMITS.accountsOfToken } as const;

/** The tokens that a call names. */
export const tokensIn = (call: MirrorCall): readonly Token[] =>
  call.kind === 'unbindTokenFromAll' ? call.tokens : call.elements.map(({ token }) => token);

/** Splits a call in two, to find the element for which the hosted API refuses the whole call. */
export function halvesOf(call: MirrorCall): MirrorCall[] {
  const middle = Math.ceil(tokensIn(call).length / 2);
  if (call.kind === 'unbindTokenFromAll')
    return [call.tokens.slice(0, middle), call.tokens.slice(middle)].map((tokens) => ({ ...call, tokens }));
  return [call.elements.slice(0, middle), call.elements.slice(middle)].map((elements) => ({ ...call, elements }));
}
