import type { AppId } from '../core/configuration.ts';
import { orUnavailable } from '../core/outcome.ts';
import type { RegistryStore } from '../core/store.ts';
import type { Check } from '../mirror/mark.ts';
import type { MirrorStore } from '../mirror/state.ts';
import { chosen, leftovers, type Sender, sender } from './checks.ts';
import { clearsOf, collect } from './collect.ts';
import type { Page, Pass, Place, SweepStore } from './store.ts';

export type SweepPorts = {
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly store: SweepStore;
  /** Apps with a mirror. */
  readonly mirrored: ReadonlySet<AppId>;
  /** Has tokens compared with their hosted side after `delayS` (0 to 900). May reject with `Unavailable`. */
  readonly check: (app: AppId, checks: readonly Check[], delayS: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Whether another page may begin. */
  readonly hasTime: () => boolean;
  /** In [0, 1). */
  readonly chance: () => number;
};

/** What a sweep did, in numbers: never an account, never a token. */
type Counts = {
  readonly pages: number;
  readonly scanned: number;
  /** Items that nobody could read. They are left alone. */
  readonly unreadable: number;
  /** Tokens sent to be compared, and those that a queue did not take. */
  readonly checks: number;
  readonly unsent: number;
  /** Documents rewritten, mirror states emptied; pointers and watermarks deleted. */
  readonly folded: number;
  readonly forgotten: number;
  readonly pointers: number;
  readonly watermarks: number;
};

/**
 * How an invocation ended. `done`: so is the pass. `unfinished`: out of time, the next one goes on. `idle`: it is not
 * time for another pass. `overtaken`: another invocation is at it. `unavailable`: not now; the next one goes on at the
 * page that failed.
 */
export type SweepReport = Counts & {
  readonly kind: 'done' | 'unfinished' | 'idle' | 'overtaken' | 'unavailable';
  readonly reason?: string;
};

/** From one pass's beginning to the next (ms): a day, less what an hourly invocation may come too early. */
const PASS_MS = 86_400_000 - 1_800_000;

const NONE = { pages: 0, scanned: 0, unreadable: 0, folded: 0, forgotten: 0, pointers: 0, watermarks: 0 } as const;

/**
 * Goes on with the day's pass through the store, page by page, for as long as there is time: has tokens compared with
 * their hosted sides, and collects what nobody needs any more. Pages are done again where it stopped in between; that
 * changes nothing.
 */
export async function sweep(ports: SweepPorts): Promise<SweepReport> {
  const found = await orUnavailable(() => ports.store.pass());
  if ('kind' in found) return { ...NONE, checks: 0, unsent: 0, ...found };
  const { pass: last, version } = found;
  const nowMs = ports.now();
  if (last?.isDone && nowMs < last.begunMs + PASS_MS) return { ...NONE, checks: 0, unsent: 0, kind: 'idle' };
  const pass = last === undefined || last.isDone ? { begunMs: nowMs, isDone: false } : last;
  const checks = sender({ check: ports.check, id: `sweep-${pass.begunMs}` });
  const swept = await sweepOn(ports, checks, { pass, version });
  await checks.flush();
  return { ...swept, ...checks.counts() };
}

type Done = Omit<SweepReport, 'checks' | 'unsent'>;

async function sweepOn(
  ports: SweepPorts,
  checks: Sender,
  { pass, version }: { pass: Pass; version: number },
): Promise<Done> {
  let counts: Omit<Done, 'kind'> = NONE;
  let current = pass;
  for (let saved = version; ports.hasTime(); saved++) {
    const done = await orUnavailable(async () => {
      const page = await ports.store.page(current.after);
      counts = added(counts, await sweepPage(ports, checks, page, current.after));
      const { begunMs } = pass;
      current = page.next === undefined ? { begunMs, isDone: true } : { begunMs, isDone: false, after: page.next };
      return (await ports.store.savePass(current, saved)) ? 'saved' : 'overtaken';
    });
    if (done === 'overtaken') return { ...counts, kind: 'overtaken' };
    if (done !== 'saved') return { ...counts, ...done };
    if (current.isDone) return { ...counts, kind: 'done' };
  }
  return { ...counts, kind: 'unfinished' };
}

type Tally = Omit<Done, 'kind' | 'reason'>;

async function sweepPage(ports: SweepPorts, checks: Sender, page: Page, after: Place | undefined): Promise<Tally> {
  const clears = await clearsOf(ports.registry, page, after);
  await checks.add(chosen(page, clears, { ...ports, nowMs: ports.now() }));
  const { compare, forgotten } = await leftovers(ports, page);
  await checks.add(compare);
  const { folded, pointers, clears: watermarks } = await collect(ports, page, clears);
  const unreadable = page.items.filter(({ kind }) => kind === 'unreadable').length;
  return { pages: 1, scanned: page.items.length, unreadable, folded, forgotten, pointers, watermarks };
}

const added = (a: Tally, b: Tally): Tally => ({
  pages: a.pages + b.pages,
  scanned: a.scanned + b.scanned,
  unreadable: a.unreadable + b.unreadable,
  folded: a.folded + b.folded,
  forgotten: a.forgotten + b.forgotten,
  pointers: a.pointers + b.pointers,
  watermarks: a.watermarks + b.watermarks,
});
