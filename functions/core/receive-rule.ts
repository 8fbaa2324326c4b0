import type { Account } from './account.ts';
import type { AccountRef, RegistryStore, TokenRef } from './registry-store.ts';
import { msOf } from './stamp.ts';
import { momentsOf } from './token-document.ts';

/** What the store knows of a token, for a caller that sends no time of its own. */
export type TokenTime = { readonly isKnown: boolean; readonly ms: number };

type Touched = { readonly ref: TokenRef; readonly accounts: readonly Account[] };

const nameOf = ({ ref }: Touched): string => `${ref.app}#${ref.token}`;

/**
 * The receive rule of hybrid logical clocks (Kulkarni et al. 2014): a caller without a time is stamped later than
 * everything already known of what it touches, so that calls made one after the other keep their order even where
 * the clocks of two machines differ. A token named twice has one time: its elements keep the order of their list.
 * Times in ms since 1970.
 */
export async function tokenTimes(
  store: RegistryStore,
  nowMs: number,
  touched: readonly Touched[],
): Promise<TokenTime[]> {
  const tokens = new Map<string, { ref: TokenRef; accounts: Account[] }>();
  for (const one of touched) {
    const { ref, accounts } = tokens.get(nameOf(one)) ?? { ref: one.ref, accounts: [] };
    tokens.set(nameOf(one), { ref, accounts: [...accounts, ...one.accounts] });
  }
  const asked = [...tokens.values()];
  const documents = await store.documents(asked.map(({ ref }) => ref));
  const accounts = asked.flatMap(({ ref, accounts }) => accounts.map((account) => ({ app: ref.app, account })));
  const clears = (await store.clears(accounts)).values();
  const times = new Map<string, TokenTime>();
  for (const [i, name] of [...tokens.keys()].entries()) {
    const document = documents[i]?.document;
    const seen = [...(document ? momentsOf(document) : []), ...clears.take(asked[i]?.accounts.length ?? 0)];
    times.set(name, { isKnown: document !== undefined, ms: after(nowMs, seen) });
  }
  return touched.map((one) => times.get(nameOf(one)) ?? { isKnown: false, ms: nowMs });
}

/** The same for an account's watermark: later than the last one, and than the newest bind that was tried. */
export async function accountTime(store: RegistryStore, nowMs: number, ref: AccountRef): Promise<number> {
  const [pointers, clears] = await Promise.all([store.pointers(ref), store.clears([ref])]);
  return after(nowMs, [...pointers.map(({ edge }) => edge), ...clears]);
}

const after = (nowMs: number, seen: readonly string[]): number =>
  seen.reduce((latest, moment) => Math.max(latest, msOf(moment) + 1), nowMs);
