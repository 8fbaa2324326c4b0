import * as z from 'zod/mini';
import { type Account, type AccountKey, accountKey, parseAccountKey, type Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';

const Key = z.templateLiteral([z.int(), '#', z.string()]);

/** The mirror's knowledge of one hosted token. Accounts are in the hosted API's types, times in ms since 1970. */
export const MirrorState = z.object({
  /** Accounts of the last push; absent if it is unknown whether that push arrived. */
  pushed: z.optional(z.array(Key)),
  /** Accounts that may be bound to the hosted token. */
  seen: z._default(z.array(Key), []),
  /** Time of the last push. */
  pushedMs: z._default(z.int(), 0),
  /** Times of the oldest change, and of the oldest removal, that no verification has confirmed yet. */
  changedMs: z.optional(z.int()),
  removedMs: z.optional(z.int()),
  /** Verifications in a row that found a difference. */
  misses: z._default(z.int(), 0),
  /** Why the hosted API refuses this token. */
  dropped: z.optional(z.string()),
});
export type MirrorState = z.infer<typeof MirrorState>;

export const UNKNOWN: MirrorState = { seen: [], pushedMs: 0, misses: 0 };

/** A change in the registry: its time (ms since 1970), and whether an account lost the token by it. */
export type Change = { readonly ms: number; readonly removes: boolean };

const isSame = (a: readonly AccountKey[], b: readonly AccountKey[]): boolean =>
  new Set(a).size === new Set(b).size && new Set([...a, ...b]).size === new Set(a).size;

/** True if a push is needed: the last push had other accounts, or it is unknown whether it arrived. */
export const needsPush = ({ pushed }: MirrorState, accounts: readonly Account[]): boolean =>
  pushed === undefined || !isSame(pushed, accounts.map(accountKey));

/** Returns the state after a push of the accounts. */
export function afterPush(
  state: MirrorState,
  push: {
    readonly accounts: readonly Account[];
    readonly change: Change;
    readonly nowMs: number;
    /** The hosted API answered that it will do it. */
    readonly isPushed: boolean;
    /** The push was caused by a change of the registry, not by a verification that found a difference. */
    readonly isNew: boolean;
  },
): MirrorState {
  const keys = push.accounts.map(accountKey);
  const { dropped: _, pushed: __, ...known } = withChange(state, push.change);
  return {
    ...known,
    ...(push.isPushed && { pushed: keys }),
    seen: [...new Set([...keys, ...state.seen])].slice(0, MOST_SEEN),
    pushedMs: push.nowMs,
    misses: push.isNew ? 0 : state.misses,
  };
}

/** Returns the state of a token that the hosted API refuses: no push and no check until the token changes again. */
export function afterDrop(state: MirrorState, reason: string, nowMs: number): MirrorState {
  return { seen: state.seen, pushedMs: nowMs, misses: 0, dropped: reason };
}

/** Returns the state after a query that found exactly the accounts that must be bound: no others are left. */
export const afterMatch = (state: MirrorState, accounts: readonly Account[]): MirrorState => {
  const keys = accounts.map(accountKey);
  return { pushed: keys, seen: keys, pushedMs: state.pushedMs, misses: 0 };
};

/** Returns the state after a query that found other accounts: push again, and unbind the accounts found if need be. */
export function afterMiss(state: MirrorState, found: readonly Account[]): MirrorState {
  const { pushed: _, ...known } = state;
  const seen = [...new Set([...found.map(accountKey), ...state.seen])].slice(0, MOST_SEEN);
  return { ...known, seen, misses: state.misses + 1 };
}

/** Accounts that one state remembers. The next verification finds any others. */
const MOST_SEEN = 30;

const withChange = (state: MirrorState, { ms, removes }: Change): MirrorState => ({
  ...state,
  changedMs: Math.min(ms, state.changedMs ?? ms),
  ...((removes || state.removedMs !== undefined) && {
    removedMs: Math.min(removes ? ms : Number.POSITIVE_INFINITY, state.removedMs ?? Number.POSITIVE_INFINITY),
  }),
});

export const seenAccounts = ({ seen }: MirrorState): Account[] => seen.map(parseAccountKey);

/** True if both lists name the same accounts. `untyped`: the hosted API's replies name no types, so compare ids alone. */
export function isEqual(target: readonly Account[], found: readonly Account[], untyped: boolean): boolean {
  const name = untyped ? ({ id }: Account): AccountKey => `0#${id}` : accountKey;
  return isSame(target.map(name), found.map(name));
}

/** A state as the store has it; version 0 if it has none. */
export type StoredState = { readonly state: MirrorState; readonly version: number };

/** Stores the states of hosted tokens. Every call may throw `Unavailable`. */
export interface MirrorStore {
  /** Returns the states in the order of the tokens. */
  states(app: AppId, tokens: readonly Token[]): Promise<StoredState[]>;
  /** Writes only over `version`; returns whether it did. */
  writeState(app: AppId, token: Token, state: MirrorState, version: number): Promise<boolean>;
}
