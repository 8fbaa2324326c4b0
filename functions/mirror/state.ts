import * as z from 'zod/mini';
import { type Account, type AccountKey, accountKey, parseAccountKey, type Token } from '../core/account.ts';
import type { AppId } from '../core/configuration.ts';

const Key = z.templateLiteral([z.int(), '#', z.string()]);

/** What is known of a token on the hosted side. Accounts are in the hosted side's types, times in ms since 1970. */
export const MirrorState = z.object({
  /** What the hosted side was last told to hold; absent where nobody can tell whether it heard. */
  pushed: z.optional(z.array(Key)),
  /** Whatever may be bound there. */
  seen: z._default(z.array(Key), []),
  /** When it was last told. */
  pushedMs: z._default(z.int(), 0),
  /** When the oldest change happened, and the oldest removal, that no verification has confirmed yet. */
  changedMs: z.optional(z.int()),
  removedMs: z.optional(z.int()),
  /** Verifications in a row that found something else. */
  misses: z._default(z.int(), 0),
  /** Why the hosted side does not take this token. */
  dropped: z.optional(z.string()),
});
export type MirrorState = z.infer<typeof MirrorState>;

export const UNKNOWN: MirrorState = { seen: [], pushedMs: 0, misses: 0 };

/** What happened in the registry, as far as the mirror counts its lag: when (ms since 1970), and whether anybody lost the token. */
export type Change = { readonly ms: number; readonly removes: boolean };

const isSame = (a: readonly AccountKey[], b: readonly AccountKey[]): boolean =>
  new Set(a).size === new Set(b).size && new Set([...a, ...b]).size === new Set(a).size;

/** Whether the hosted side has to be told: it was last told something else, or nobody knows. */
export const needsPush = ({ pushed }: MirrorState, accounts: readonly Account[]): boolean =>
  pushed === undefined || !isSame(pushed, accounts.map(accountKey));

/** The hosted side was told to hold the accounts. `heard`: it said that it will. */
export function afterPush(
  state: MirrorState,
  told: {
    readonly accounts: readonly Account[];
    readonly change: Change;
    readonly nowMs: number;
    readonly heard: boolean;
    /** The registry changed, rather than that the hosted side was found to hold something else. */
    readonly isNew: boolean;
  },
): MirrorState {
  const keys = told.accounts.map(accountKey);
  const { dropped: _, pushed: __, ...known } = withChange(state, told.change);
  return {
    ...known,
    ...(told.heard && { pushed: keys }),
    seen: [...new Set([...keys, ...state.seen])].slice(0, MOST_SEEN),
    pushedMs: told.nowMs,
    misses: told.isNew ? 0 : state.misses,
  };
}

/** The hosted side does not take the token: nothing is expected there until the token changes again. */
export function afterDrop(state: MirrorState, reason: string, nowMs: number): MirrorState {
  return { seen: state.seen, pushedMs: nowMs, misses: 0, dropped: reason };
}

/** The hosted side was asked and holds what it shall. Anything else it may have held is gone. */
export const afterMatch = (state: MirrorState, accounts: readonly Account[]): MirrorState => {
  const keys = accounts.map(accountKey);
  return { pushed: keys, seen: keys, pushedMs: state.pushedMs, misses: 0 };
};

/** The hosted side was asked and holds something else: it has to be told again, and what was found may have to go. */
export function afterMiss(state: MirrorState, found: readonly Account[]): MirrorState {
  const { pushed: _, ...known } = state;
  const seen = [...new Set([...found.map(accountKey), ...state.seen])].slice(0, MOST_SEEN);
  return { ...known, seen, misses: state.misses + 1 };
}

/** Accounts one state remembers; beyond them the next verification finds what is there. */
const MOST_SEEN = 30;

const withChange = (state: MirrorState, { ms, removes }: Change): MirrorState => ({
  ...state,
  changedMs: Math.min(ms, state.changedMs ?? ms),
  ...((removes || state.removedMs !== undefined) && {
    removedMs: Math.min(removes ? ms : Number.POSITIVE_INFINITY, state.removedMs ?? Number.POSITIVE_INFINITY),
  }),
});

export const seenAccounts = ({ seen }: MirrorState): Account[] => seen.map(parseAccountKey);

/**
 * What the hosted side was found to hold against what it shall. Where its replies name no account types, which reads as
 * type 0, an account is told by its id alone.
 */
export function isEqual(wanted: readonly Account[], found: readonly Account[], untyped: boolean): boolean {
  const name = untyped ? ({ id }: Account): AccountKey => `0#${id}` : accountKey;
  return isSame(wanted.map(name), found.map(name));
}

/** A state as the store holds it; version 0 where it holds none. */
export type StoredState = { readonly state: MirrorState; readonly version: number };

/** Where what is known of the hosted side is kept. Every call may throw `Unavailable`. */
export interface MirrorStore {
  /** In the order asked. */
  states(app: AppId, tokens: readonly Token[]): Promise<StoredState[]>;
  /** Writes only over `version`; says whether it did. */
  writeState(app: AppId, token: Token, state: MirrorState, version: number): Promise<boolean>;
}
