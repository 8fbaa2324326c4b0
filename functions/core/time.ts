import * as z from 'zod/mini';
import type { Account } from './account.ts';
import { EMPTY, momentsOf } from './document.ts';
import { HORIZON_MS } from './merge.ts';
import { binds, isTokenOperation, type Operation } from './operation.ts';
import { orUnavailable, readable, Unavailable } from './outcome.ts';
import { AT_ONCE, inParallel } from './parallel.ts';
import { msOf, stampMovedTo } from './stamp.ts';
import {
  type AccountRef,
  MOST_POINTERS,
  pointersOf,
  type RegistryStore,
  type StoredWatermark,
  type TokenRef,
} from './store.ts';

/** The farthest that a bind's own time may be ahead of our clock (ms). */
export const FUTURE_MS = 5_000;

/** A bind that is no farther ahead (ms) is possible later. A sender's signature allows its clock to differ as much. */
export const NOT_YET_MS = 300_000;

/**
 * The milliseconds (since 1970) in which an event happened, for clocks that are coarser than ours. A bind counts from the
 * beginning and a removal to the end, so that a logout in whole seconds removes a login of the same second.
 */
export type TimeSpan = { readonly fromMs: number; readonly toMs: number };

/** The milliseconds in which a time that is written with fewer digits may be. A finer fraction is cut off. */
export function spanOf(text: string): TimeSpan {
  const fromMs = Date.parse(text);
  const digits = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  return { fromMs, toMs: fromMs + 10 ** Math.max(0, 3 - digits) - 1 };
}

/** A time in ISO 8601 with its zone. `PURE` leaves it out of the bundle of a door that reads none. */
export const WrittenTime = /* @__PURE__ */ (() => z.pipe(z.iso.datetime({ offset: true }), z.transform(spanOf)))();

/**
 * The time rules for a bind's own time (ms since 1970). A bind from the future is refused, never moved to now: each retry
 * would get another time, and a retried login would win against the logout.
 */
export function bindTime(ms: number, nowMs: number): { ms: number } | { refused: 'future' | 'not yet' | 'too old' } {
  if (ms > nowMs + FUTURE_MS) return { refused: ms > nowMs + NOT_YET_MS ? 'future' : 'not yet' };
  return ms < nowMs - HORIZON_MS ? { refused: 'too old' } : { ms };
}

/**
 * The time rule for the removals of a request. None is refused for its time. One that is farther ahead than a bind may be
 * would forbid all logins until then, so it moves to just after the newest moment known of what it removes, and never
 * before now: it removes all that was applied. Only such removals read, and `store` must not read an older state.
 */
export async function withTimelyRemovals(
  store: RegistryStore,
  operations: readonly Operation[],
  nowMs: number,
): Promise<readonly Operation[]> {
  const latestMs = nowMs + FUTURE_MS;
  const isAhead = (operation: Operation) => !binds(operation) && msOf(operation.stamp) > latestMs;
  if (!operations.some(isAhead)) return operations;
  // The registry does not know the request's own binds yet.
  const leastMs = Math.max(nowMs, ...operations.filter(binds).map(({ stamp }) => msOf(stamp) + 1));
  return inParallel(operations, AT_ONCE, async (operation) => {
    if (!isAhead(operation)) return operation;
    const known = await orUnavailable(() => knownTime(store, leastMs, operation));
    // No accepted bind is later than `latestMs`.
    const ms = typeof known === 'number' ? known : latestMs;
    return { ...operation, stamp: stampMovedTo(operation.stamp, Math.min(ms, msOf(operation.stamp))) };
  });
}

/** Returns undefined for an account with more pointers than are read. */
async function knownTime(store: RegistryStore, leastMs: number, operation: Operation): Promise<number | undefined> {
  if (!isTokenOperation(operation)) {
    const { ms, isWhole } = await accountTime(store, leastMs, operation, MOST_POINTERS);
    return isWhole ? ms : undefined;
  }
  const [stored] = await store.documents([operation]);
  return momentAfter(leastMs, momentsOf(readable(stored)?.document ?? EMPTY));
}

/** The time for a caller that sends none. `isKnown`: the store has a document of the token. */
export type TokenTime = { readonly isKnown: boolean; readonly ms: number };

type TokenUse = { readonly ref: TokenRef; readonly accounts: readonly Account[] };

const nameOf = ({ ref }: TokenUse): string => `${ref.app}#${ref.token}`;

/**
 * The receive rule of hybrid logical clocks (Kulkarni et al. 2014): a call without a time is stamped later than all known
 * events of its tokens and accounts, so that successive calls keep their order even if the clocks of two machines differ.
 * A token that is named twice has one time: its elements keep the order of their list. Times in ms since 1970.
 */
export async function tokenTimes(store: RegistryStore, nowMs: number, uses: readonly TokenUse[]): Promise<TokenTime[]> {
  const tokens = new Map<string, { ref: TokenRef; accounts: Account[] }>();
  for (const one of uses) {
    const { ref, accounts } = tokens.get(nameOf(one)) ?? { ref: one.ref, accounts: [] };
    tokens.set(nameOf(one), { ref, accounts: [...accounts, ...one.accounts] });
  }
  const asked = [...tokens.values()];
  const accounts = asked.flatMap(({ ref, accounts }) => accounts.map((account) => ({ app: ref.app, account })));
  const [documents, stored] = await Promise.all([
    store.documents(asked.map(({ ref }) => ref)),
    store.watermarks(accounts),
  ]);
  const watermarks = stored.values();
  const times = new Map<string, TokenTime>();
  for (const [i, name] of [...tokens.keys()].entries()) {
    const stored = documents[i];
    // An item that cannot be read tells no time. Its operation will be `unavailable`.
    const document = stored instanceof Unavailable ? undefined : stored?.document;
    const own = watermarks.take(asked[i]?.accounts.length ?? 0);
    const seen = [...(document ? momentsOf(document) : []), ...own.flatMap(timesIn)];
    times.set(name, { isKnown: stored !== undefined, ms: momentAfter(nowMs, seen) });
  }
  return uses.map((one) => times.get(nameOf(one)) ?? { isKnown: false, ms: nowMs });
}

/**
 * A time for an account (ms since 1970). `isWhole`: it is later than all that the registry knows of the account. Otherwise
 * it has more tokens than one page, and a bind of one of these may be as much as `AHEAD_MS` later.
 */
type AccountTime = { readonly ms: number; readonly isWhole: boolean };

/** The farthest that an accepted bind is ahead of our clock (ms), and one of our clocks ahead of another. */
export const AHEAD_MS = FUTURE_MS + 1_000;

/**
 * The receive rule for an account's watermark: later than the last one and than the newest bind that was tried. `most`: the
 * most pointers that are read. Default: one page.
 */
export async function accountTime(
  store: RegistryStore,
  nowMs: number,
  ref: AccountRef,
  most?: number,
): Promise<AccountTime> {
  const onePage = async () => {
    const { pointers, next } = await store.pointers(ref);
    return { pointers, isWhole: next === undefined };
  };
  const reading = most === undefined ? onePage() : pointersOf(store, ref, most);
  const [{ pointers, isWhole }, watermarks] = await Promise.all([reading, store.watermarks([ref])]);
  const moments = watermarks.flatMap((one) => momentsOf(readable(one).watermark));
  return { ms: momentAfter(nowMs, [...pointers.map(({ edge }) => edge), ...moments]), isWhole };
}

const timesIn = (one: StoredWatermark | Unavailable): string[] =>
  one instanceof Unavailable ? [] : momentsOf(one.watermark);

/** The receive rule: now (ms since 1970), or a millisecond after the newest moment that was seen. */
export const momentAfter = (nowMs: number, seen: readonly string[]): number =>
  seen.reduce((latest, moment) => Math.max(latest, msOf(moment) + 1), nowMs);
