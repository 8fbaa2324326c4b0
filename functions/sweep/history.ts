import { boundTo } from '../core/bindings.ts';
import { AT_ONCE, chunksOf, inParallel } from '../core/parallel.ts';
import { digestOf, Stamp } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { type HistoryRenewal, RENEWAL_DAYS, type StandingBind } from '../history/entry.ts';
import type { Page, Pass } from './store.ts';

const DAY_MS = 86_400_000;

/** `ledgerMs`: when the ledger began (ms since 1970). */
export type RenewingPorts = {
  readonly registry: RegistryStore;
  readonly history?: HistoryRenewal | undefined;
  readonly now: () => number;
  readonly renewal: { readonly pass: Pass; readonly ledgerMs: number | undefined };
};

/**
 * Tests that a pass renews the binds of a token: on one of `RENEWAL_DAYS`, by its digest, or later if no pass began on that
 * day. Until a whole pass began after the ledger did, every token has its turn: the ledger lacks what stood before.
 */
function isItsTurn(
  token: string,
  { pass: { begunMs, beforeMs = 0 }, ledgerMs = 0 }: RenewingPorts['renewal'],
): boolean {
  if (beforeMs < ledgerMs) return true;
  const day = Math.floor(begunMs / DAY_MS);
  const place = Number.parseInt(digestOf('renewal', token).slice(0, 8), 16) + day;
  return place % RENEWAL_DAYS < day - Math.floor(beforeMs / DAY_MS);
}

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
    .filter(({ ref }) => isItsTurn(ref.token, renewal));
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
