import { forgetIn } from '../../cli/erase/forget.ts';
import { accountKey } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { expiryOf, HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { orUnavailable } from '../../functions/core/outcome.ts';
import { msOf, Stamp } from '../../functions/core/stamp.ts';
import { accountDigest, type RegistryStore } from '../../functions/core/store.ts';
import { collect, watermarksOf } from '../../functions/sweep/collect.ts';
import { retireInstallations } from '../../functions/sweep/installations.ts';
import type { SweepStore } from '../../functions/sweep/store.ts';
import { type MemoryTable, memoryRegistryIn, memoryTable } from '../memory/registry-store.ts';
import { memorySweepStore } from '../memory/sweep-store.ts';
import { ACCOUNTS, APP, BEGINNING_MS, type Draw, drawOperation, INSTALLATIONS } from './cast.ts';
import { FAULTS, type Fault, swarm } from './faults.ts';
import type { Run } from './finding.ts';
import { hostileStore, hostileSweepStore } from './hostile-store.ts';
import { importing } from './importing.ts';
import { born } from './network.ts';
import { type Deed, deedOf } from './promises.ts';
import { type Random, randomOf } from './random.ts';
import { serial } from './serial.ts';
import {
  atRest,
  comesToRest,
  deliver,
  drawn,
  messages,
  REST_MS,
  read,
  resultOf,
  type Schedule,
  scheduleOver,
  spawn,
} from './storage.ts';
import { DAY_MS } from './timeline.ts';

/** How long ago history happened (ms): not yet past the horizon, just past it, and past the store's lateness too. */
const AGES = [HORIZON_MS - DAY_MS, HORIZON_MS + 1_000, HORIZON_MS + LATENESS_MS + 1_000, 3 * HORIZON_MS];

/**
 * A table with months of history, swept by collectors that die, overlap and come late, while operations of now, and some
 * that are as late as the horizon allows, are applied by other processes, and others read in both directions. It ends as
 * if no collector had run; and weeks later nothing is left of an account that is bound nowhere.
 */
export async function collectingSchedule(seed: number, only: readonly Fault[] = FAULTS): Promise<Run> {
  const random = randomOf(seed);
  const table = memoryTable();
  const sweepStore = memorySweepStore(table, new Map(), 1 + random.below(4));
  // In a third of the cases all binds are logins of one installation.
  const installations = { chance: seed % 3 === 0 ? 1 : 0, ids: INSTALLATIONS.slice(0, 1) };
  const [old, present] = [pastDeeds(random, installations), presentDeeds(random, installations)];
  const faults = swarm(random, only);
  const deeds = [...old, ...present];
  const schedule = scheduleOver(memoryRegistryIn(table), { random, faults }, deeds);
  const { store } = schedule.truth;
  for (const { operation } of random.shuffled(old))
    await applyAll({ store, now: () => msOf(operation.stamp), pause: async () => {} }, [operation]);
  // The sweeps of the days before, as far as there were any.
  for (let i = random.below(3); i > 0; i--) await pass(store, sweepStore, BEGINNING_MS - i * DAY_MS);
  const spreadMs = random.pick([10, 60, 2_000]);
  const some = (run: () => Promise<void>) => spawn(schedule, random.next() * spreadMs, run);
  for (const message of messages(random, present)) some(() => deliver(schedule, message));
  if (random.chance(0.4)) some(() => hastily(schedule, sweepStore));
  else for (let i = 1 + random.below(4); i > 0; i--) some(() => collector(schedule, sweepStore));
  for (let i = 4 + random.below(8); i > 0; i--) some(() => read(schedule));
  // A part of the seeds, so that the others keep their histories.
  if ([2, 6].includes(seed % 7)) for (let i = 1 + random.below(3); i > 0; i--) some(() => eraser(schedule, sweepStore));
  const judge = importing(seed, schedule, deeds, some);
  await comesToRest(schedule);
  judge();
  await afterwards(schedule, table, sweepStore);
  return resultOf(schedule, seed);
}

/** All applied, and known to be, before the schedule begins. A session's logout is never a day from its login. */
function pastDeeds(random: Random, installations: Required<Draw>['installations']): Deed[] {
  const sessions = random.pick([0, 0, 0.5]);
  const ages = sessions > 0 ? [random.pick(AGES)] : AGES;
  const draw = { ...drawn(random, () => sessions), installations };
  return Array.from({ length: 2 + random.below(6) }, (_, i) => {
    const operation = aged(drawOperation(random, random.below(6), i, draw), random.pick(ages));
    return { ...deedOf(operation), issuedAt: -1, ackedAt: -1 };
  });
}

/** Of now, or so late that another few minutes would have been too late. */
function presentDeeds(random: Random, installations: Required<Draw>['installations']): Deed[] {
  const draw = { ...drawn(random, () => 0), installations };
  return Array.from({ length: 1 + random.below(5) }, (_, i) => {
    const operation = drawOperation(random, 10 + random.below(6), 10 + i, draw);
    return deedOf(random.chance(0.5) ? aged(operation, HORIZON_MS - 2 * REST_MS) : operation);
  });
}

const aged = <O extends Operation>(operation: O, ageMs: number): O => ({
  ...operation,
  stamp: Stamp.parse(`${msOf(operation.stamp) - ageMs}${operation.stamp.slice(13)}`),
});

/** One process that goes through the whole table, or dies, or meets a store that does not answer. */
async function collector(schedule: Schedule, sweepStore: SweepStore): Promise<void> {
  const process = born();
  const registry = hostileStore(schedule.truth.store, schedule, process);
  const store = hostileSweepStore(sweepStore, schedule, process);
  const now = () => BEGINNING_MS + schedule.timeline.now();
  await Promise.race([orUnavailable(() => through(registry, store, now)), process.death]);
}

/** An operator's tool that takes accounts out of documents, whether they are signed out or not, or dies. */
async function eraser(schedule: Schedule, sweepStore: SweepStore): Promise<void> {
  const process = born();
  const ports = {
    registry: hostileStore(schedule.truth.store, schedule, process),
    now: () => BEGINNING_MS + schedule.timeline.now(),
  };
  const store = hostileSweepStore(sweepStore, schedule, process);
  const accounts = ACCOUNTS.map((account) => ({ app: APP, account }));
  const through = async () => {
    let after: string | undefined;
    do {
      const page = await store.page(after);
      for (const item of page.items) if (item.kind === 'document') await forgetIn(ports, item.ref, accounts);
      after = page.next;
    } while (after !== undefined);
  };
  await Promise.race([orUnavailable(through), process.death]);
}

/** Passes one after the other while another request is under way: an item that its first read saw may be gone by its end. */
async function hastily({ truth, timeline }: Schedule, sweepStore: SweepStore): Promise<void> {
  for (let i = 0; i < 3; i++) await pass(truth.store, sweepStore, BEGINNING_MS + timeline.now());
}

const pass = (registry: RegistryStore, store: SweepStore, nowMs: number) => through(registry, store, () => nowMs);

async function through(registry: RegistryStore, store: SweepStore, now: () => number): Promise<void> {
  let after: string | undefined;
  do {
    const page = await store.page(after);
    await collect({ registry, store, now }, page, await watermarksOf(registry, page, after));
    await retireInstallations({ store, now }, page);
    after = page.next;
  } while (after !== undefined);
}

/** The sweeps of the weeks after. The table deletes expired documents itself. */
async function afterwards(schedule: Schedule, table: MemoryTable, sweepStore: SweepStore): Promise<void> {
  const { store } = schedule.truth;
  const last = Math.ceil((HORIZON_MS + LATENESS_MS) / DAY_MS) + 4;
  for (const day of [1, 2, 36, 37, last - 3, last - 2, last - 1, last]) {
    const nowMs = BEGINNING_MS + day * DAY_MS;
    for (const [name, { document }] of table.documents)
      if ((expiryOf(document) ?? nowMs) < nowMs) table.documents.delete(name);
    await pass(store, sweepStore, nowMs);
  }
  await atRest(schedule);
  const bound = [...serial(schedule.deeds.map(({ operation }) => operation)).values()];
  const names = ACCOUNTS.filter((one) => !bound.some(({ account }) => accountKey(account) === accountKey(one)));
  const idle = [...table.installations.values()].filter(({ token }) => !bound.some((one) => one.token === token));
  if (idle.length > 0) schedule.onFinding('no login of a token that is bound nowhere is left', JSON.stringify(idle));
  const left = JSON.stringify([table.documents, table.pointers, table.watermarks].map((map) => [...deep(map)]));
  for (const account of names)
    if (left.includes(accountKey(account)) || left.includes(accountDigest({ app: APP, account })))
      schedule.onFinding('nothing is left of who is bound nowhere', left);
}

const deep = (map: ReadonlyMap<string, unknown>): unknown[] =>
  [...map]
    .filter(([, value]) => !(value instanceof Map && value.size === 0))
    .map(([name, value]) => [name, value instanceof Map ? [...value] : value]);
