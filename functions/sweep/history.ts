import { boundTo } from '../core/bindings.ts';
import { AT_ONCE, chunksOf, inParallel } from '../core/parallel.ts';
import { digestOf, Stamp } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { type HistoryRenewal, RENEWAL_DAYS, type StandingBind } from '../history/entry.ts';
import type { Page } from './store.ts';

const DAY_MS = 86_400_000;

/** `dayMs`: when the pass began. `isNew`: the ledger is so young that it lacks what stood before. */
export type RenewingPorts = {
  readonly registry: RegistryStore;
  readonly history?: HistoryRenewal | undefined;
  readonly now: () => number;
  readonly renewal: { readonly dayMs: number; readonly isNew: boolean };
};

/** Tests that a pass is the first whole one since the ledger began, or the one before. */
export const isNewLedger = (begunMs: number, passMs: number): boolean => passMs < begunMs + DAY_MS + DAY_MS / 24;

/** Tests that the binds of a token are renewed on a day: on one of `RENEWAL_DAYS`, by its digest. */
const isItsTurn = (token: string, dayMs: number): boolean =>
  (Number.parseInt(digestOf('renewal', token).slice(0, 8), 16) + Math.floor(dayMs / DAY_MS)) % RENEWAL_DAYS === 0;

/** The most tokens whose documents are read together. */
const TOKENS_TOGETHER = 100;

/**
 * Prolongs the ledger's entries of binds that stand, of those tokens of the page whose turn it is. Without it a bind that is
 * older than the ledger's days would be forgotten while it stands. Returns the number of binds.
 */
export async function renewStanding({ registry, history, now, renewal }: RenewingPorts, page: Page): Promise<number> {
  if (history === undefined) return 0;
  const items = page.items
    .filter((item) => item.kind === 'document')
    .filter(({ ref }) => renewal.isNew || isItsTurn(ref.token, renewal.dayMs));
  let renewed = 0;
  for (const some of chunksOf(items, TOKENS_TOGETHER)) {
    const bound = await boundTo(
      registry,
      some.map(({ ref }) => ref),
      now(),
    );
    const binds = some.flatMap(({ ref, writtenMs = now() }, i) =>
      [...Map.groupBy(bound[i] ?? [], ({ edge }) => edge.slice(0, STAMP_CHARACTERS))].map(
        ([stamp, all]): StandingBind => ({
          ...{ ...ref, stamp: Stamp.parse(stamp), writtenMs },
          accounts: all.map(({ edge: _, ...account }) => account),
        }),
      ),
    );
    await inParallel(binds, AT_ONCE, (bind) => history.renew(bind));
    renewed += binds.length;
  }
  return renewed;
}

const STAMP_CHARACTERS = '0000000000000.0.0000000000000000.000'.length;
