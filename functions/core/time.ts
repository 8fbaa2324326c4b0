import type { Account } from './account.ts';
import { momentsOf } from './document.ts';
import { HORIZON_MS } from './merge.ts';
import { readable, Unavailable } from './outcome.ts';
import { msOf } from './stamp.ts';
import type { AccountRef, RegistryStore, StoredWatermark, TokenRef } from './store.ts';

/** The farthest that a bind's own time may be ahead of our clock (ms). */
export const FUTURE_MS = 5_000;

/**
 * The time rules for an event's own time (ms since 1970). A bind from the future is refused, never moved to now: each
 * retry would get another time, and a retried login would win against the logout. A removal is never refused for its
 * time; one from the future gets the time now, or it would forbid every login until then.
 */
export function timeFor(
  effect: 'binds' | 'removes',
  ms: number,
  nowMs: number,
): { ms: number } | { refused: 'future' | 'too old' } {
  const isFuture = ms > nowMs + FUTURE_MS;
  if (effect === 'removes') return { ms: isFuture ? nowMs : Math.max(ms, 0) };
  if (isFuture) return { refused: 'future' };
  return ms < nowMs - HORIZON_MS ? { refused: 'too old' } : { ms };
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
  const documents = await store.documents(asked.map(({ ref }) => ref));
  const accounts = asked.flatMap(({ ref, accounts }) => accounts.map((account) => ({ app: ref.app, account })));
  const watermarks = (await store.watermarks(accounts)).values();
  const times = new Map<string, TokenTime>();
  for (const [i, name] of [...tokens.keys()].entries()) {
    const stored = documents[i];
    // An item that cannot be read tells no time. Its operation will be `unavailable`.
    const document = stored instanceof Unavailable ? undefined : stored?.document;
    const own = watermarks.take(asked[i]?.accounts.length ?? 0);
    const seen = [...(document ? momentsOf(document) : []), ...own.flatMap(timesIn)];
    times.set(name, { isKnown: stored !== undefined, ms: after(nowMs, seen) });
  }
  return uses.map((one) => times.get(nameOf(one)) ?? { isKnown: false, ms: nowMs });
}

/** The receive rule for an account's watermark: later than the last one and than the newest bind that was tried. */
export async function accountTime(store: RegistryStore, nowMs: number, ref: AccountRef): Promise<number> {
  const [pointers, watermarks] = await Promise.all([store.pointers(ref), store.watermarks([ref])]);
  const moments = watermarks.flatMap((one) => momentsOf(readable(one).watermark));
  return after(nowMs, [...pointers.map(({ edge }) => edge), ...moments]);
}

const timesIn = (one: StoredWatermark | Unavailable): string[] =>
  one instanceof Unavailable ? [] : momentsOf(one.watermark);

const after = (nowMs: number, seen: readonly string[]): number =>
  seen.reduce((latest, moment) => Math.max(latest, msOf(moment) + 1), nowMs);
