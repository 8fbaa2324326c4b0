import type { AppId } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { RegistryStore } from '../core/store.ts';
import type { HistoryRenewal } from '../history/entry.ts';
import type { Check } from '../mirror/mark.ts';
import type { MirrorStore } from '../mirror/state.ts';
import { type CheckSender, checkSender, forgottenStates, tokensToCheck } from './checks.ts';
import { collect, watermarksOf } from './collect.ts';
import { type RenewingPorts, renewStanding } from './history.ts';
import { retireInstallations } from './installations.ts';
import type { Page, Pass, Place, StoredPass, SweepStore } from './store.ts';

export type SweepPorts = {
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly store: SweepStore;
  /** Default: no ledger. */
  readonly history?: HistoryRenewal | undefined;
  /** Apps with a mirror. */
  readonly mirrored: ReadonlySet<AppId>;
  /** Has tokens verified after `delayS` (0 to 900). May reject with `Unavailable`. */
  readonly check: (app: AppId, checks: readonly Check[], delayS: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** True if another page may begin. */
  readonly hasTime: () => boolean;
  /** In [0, 1). */
  readonly chance: () => number;
};

/** The work of one invocation, in numbers: never an account, never a token. */
const NOTHING = {
  pages: 0,
  scanned: 0,
  /** Items that cannot be read. They stay as they are. */
  unreadable: 0,
  /** Tokens sent to be verified, and those that a queue did not take. */
  checks: 0,
  unsent: 0,
  /** Documents rewritten, mirror states emptied; pointers, watermarks and installations' newest logins deleted. */
  folded: 0,
  forgotten: 0,
  pointers: 0,
  watermarks: 0,
  installations: 0,
  /** Standing binds whose entries in the ledger were prolonged. */
  renewed: 0,
};
type Counts = typeof NOTHING;

/**
 * The end of an invocation. `done`: the pass is complete. `unfinished`: out of time; the next invocation continues.
 * `idle`: the next pass is not due yet. `overtaken`: another invocation works on the pass. `unavailable`: the next
 * invocation continues at the page that failed.
 */
type End = {
  readonly kind: 'done' | 'unfinished' | 'idle' | 'overtaken' | 'unavailable';
  readonly reason?: string;
};

export type SweepReport = Readonly<Counts> & End;

/** From the beginning of one pass to the next (ms): a day, less the half hour that an hourly timer may be early. */
const PASS_MS = 86_400_000 - 1_800_000;

/**
 * Continues the day's pass through the store, page by page, while there is time: has tokens verified, and deletes
 * entries that are not needed any more. A page that was interrupted is swept again; that changes nothing.
 */
export async function sweep(ports: SweepPorts): Promise<SweepReport> {
  const counts = { ...NOTHING };
  const end = await orUnavailable(async (): Promise<End> => {
    const stored = await ports.store.pass();
    const nowMs = ports.now();
    const last = stored.pass;
    if (last?.isDone && nowMs < last.begunMs + PASS_MS) return { kind: 'idle' };
    const next = { begunMs: nowMs, beforeMs: last?.begunMs, isDone: false };
    const pass = last === undefined || last.isDone ? next : last;
    const renewal = { pass, ledgerMs: await ports.history?.begin() };
    const sender = checkSender({ check: ports.check, id: `sweep-${pass.begunMs}`, counts });
    try {
      return await sweepPages({ ...ports, renewal }, sender, { pass, version: stored.version }, counts);
    } finally {
      await sender.flush();
    }
  });
  return { ...counts, ...end };
}

async function sweepPages(
  ports: SweepPorts & RenewingPorts,
  sender: CheckSender,
  { pass, version }: StoredPass & { pass: Pass },
  counts: Counts,
): Promise<End> {
  let { after } = pass;
  for (let saved = version; ports.hasTime(); saved++) {
    const page = await ports.store.page(after);
    await sweepPage(ports, sender, page, after, counts);
    after = page.next;
    const { begunMs, beforeMs } = pass;
    const next = { begunMs, beforeMs, isDone: after === undefined, ...(after !== undefined && { after }) };
    if (!(await ports.store.savePass(next, saved))) return { kind: 'overtaken' };
    if (next.isDone) return { kind: 'done' };
  }
  return { kind: 'unfinished' };
}

async function sweepPage(
  ports: SweepPorts & RenewingPorts,
  sender: CheckSender,
  page: Page,
  after: Place | undefined,
  counts: Counts,
): Promise<void> {
  const watermarks = await watermarksOf(ports.registry, page, after);
  await sender.add(tokensToCheck(page, watermarks, { ...ports, nowMs: ports.now() }));
  const { check, forgotten } = await forgottenStates(ports, page);
  await sender.add(check);
  const collected = await collect(ports, page, watermarks);
  counts.pages++;
  counts.scanned += page.items.length;
  counts.unreadable += page.items.filter(({ kind }) => kind === 'unreadable').length;
  counts.folded += collected.folded;
  counts.forgotten += forgotten;
  counts.pointers += collected.pointers;
  counts.watermarks += collected.watermarks;
  counts.installations += await retireInstallations(ports, page);
  counts.renewed += await renewStanding(ports, page);
}
