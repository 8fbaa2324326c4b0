import type { Account } from './account.ts';
import type { AccountRef, RegistryStore, TokenRef } from './registry-store.ts';
import { msOf } from './stamp.ts';
import { momentsOf } from './token-document.ts';

/** What the store knows of a token, for a caller that sends no time of its own. */
export type TokenTime = { readonly isKnown: boolean; readonly ms: number };

/**
 * The receive rule of hybrid logical clocks (Kulkarni et al. 2014): a caller without a time is stamped later than
 * everything already known of what it touches, so that calls made one after the other keep their order even where
 * the clocks of two machines differ. Times in ms since 1970.
 */
export async function tokenTimes(
  store: RegistryStore,
  nowMs: number,
  touched: readonly { ref: TokenRef; accounts: readonly Account[] }[],
): Promise<TokenTime[]> {
  const documents = await store.documents(touched.map(({ ref }) => ref));
  const accounts = touched.flatMap(({ ref, accounts }) => accounts.map((account) => ({ app: ref.app, account })));
  const clears = (await store.clears(accounts)).values();
  return touched.map(({ accounts }, i) => {
    const document = documents[i]?.document;
    const seen = [...(document ? momentsOf(document) : []), ...clears.take(accounts.length)];
    return { isKnown: document !== undefined, ms: after(nowMs, seen) };
  });
}

/** The same for an account's watermark: later than the last one, and than the newest bind that was tried. */
export async function accountTime(store: RegistryStore, nowMs: number, ref: AccountRef): Promise<number> {
  const [pointers, clears] = await Promise.all([store.pointers(ref), store.clears([ref])]);
  return after(nowMs, [...pointers.map(({ edge }) => edge), ...clears]);
}

const after = (nowMs: number, seen: readonly string[]): number =>
  seen.reduce((latest, moment) => Math.max(latest, msOf(moment) + 1), nowMs);
