import { type Account, accountKey, type Token } from '../core/account.ts';
import type { Dialect } from '../core/configuration.ts';
import { chunksOf } from '../core/parallel.ts';

/** What a hosted token shall hold, and what else may be bound to it there. In the hosted side's account types. */
export type Wanted = {
  readonly token: Token;
  readonly accounts: readonly Account[];
  readonly seen: readonly Account[];
};

type Element = { readonly token: Token; readonly accounts: readonly Account[] };

/** A call that makes hosted tokens equal to the registry. Any two calls of one plan may take effect in either order. */
export type MirrorCall =
  | { readonly kind: 'bindOverriding' | 'unbind'; readonly elements: readonly Element[] }
  | { readonly kind: 'unbindTokenFromAll'; readonly tokens: readonly Token[] };

/** Tokens in one call: what both documents allow for binds, kept to for removals, of which they say nothing. */
export const TOKENS_A_CALL = 20;

/**
 * What a hosted token can hold of the accounts given, newest first. TPNS keeps one account of each type
 * (https://www.tencentcloud.com/document/product/1024/33768): the newest of each.
 */
export function holdable(dialect: Dialect, accounts: readonly Account[]): Account[] {
  const kept = new Map<string | number, Account>();
  for (const account of accounts) {
    const place = dialect === 'tpns' ? account.type : accountKey(account);
    if (!kept.has(place)) kept.set(place, account);
  }
  return [...kept.values()];
}

/**
 * The fewest calls that leave each token with exactly its accounts: an override where there are any, an unbind of
 * everything where there are none. TPNS's override replaces only the types it names; what may be left of others is
 * unbound by name. A token stands at most once in the list.
 */
export function planCalls(dialect: Dialect, wanted: readonly Wanted[]): MirrorCall[] {
  const held = wanted.filter(({ accounts }) => accounts.length > 0);
  const empty = wanted.filter(({ accounts }) => accounts.length === 0).map(({ token }) => token);
  const stale = held
    .map(({ token, accounts, seen }) => ({ token, accounts: dialect === 'tpns' ? leftBy(accounts, seen) : [] }))
    .filter(({ accounts }) => accounts.length > 0);
  const binds = held.map(({ token, accounts }) => ({ token, accounts }));
  return [
    ...chunksOf(empty, TOKENS_A_CALL).map((tokens) => ({ kind: 'unbindTokenFromAll', tokens }) as const),
    ...chunksOf(stale, TOKENS_A_CALL).map((elements) => ({ kind: 'unbind', elements }) as const),
    ...chunksOf(binds, TOKENS_A_CALL).map((elements) => ({ kind: 'bindOverriding', elements }) as const),
  ];
}

/** Accounts that an override of each type leaves where they are. */
function leftBy(accounts: readonly Account[], seen: readonly Account[]): Account[] {
  const replaced = new Set(accounts.map(({ type }) => type));
  return seen.filter(({ type }) => !replaced.has(type)).slice(0, MOST_ACCOUNTS);
}

/** Accounts of one token in one call. What is left over shows in the next verification. */
const MOST_ACCOUNTS = 10;

/** The tokens a call is about. */
export const tokensIn = (call: MirrorCall): readonly Token[] =>
  call.kind === 'unbindTokenFromAll' ? call.tokens : call.elements.map(({ token }) => token);

/** A call in two halves, for finding the element that has the whole refused. */
export function halvesOf(call: MirrorCall): MirrorCall[] {
  const middle = Math.ceil(tokensIn(call).length / 2);
  if (call.kind === 'unbindTokenFromAll')
    return [call.tokens.slice(0, middle), call.tokens.slice(middle)].map((tokens) => ({ ...call, tokens }));
  return [call.elements.slice(0, middle), call.elements.slice(middle)].map((elements) => ({ ...call, elements }));
}
