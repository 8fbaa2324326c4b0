import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { expiryOf, HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { type CollectReport, collect, watermarksOf } from '../../functions/sweep/collect.ts';
import type { SweepStore } from '../../functions/sweep/store.ts';
import { type MemoryTable, memoryRegistryIn, memoryTable, watermarkOf } from '../memory/registry-store.ts';
import { memorySweepStore } from '../memory/sweep-store.ts';
import {
  account,
  app,
  bind,
  moved,
  override,
  overrideTypes,
  session,
  token,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../world/examples.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const SHOP = app().id;
const NAMES = ['alice', 'bob', 'carol:1'];
const PHONES = ['phone', 'tablet'];

type World = { table: MemoryTable; registry: RegistryStore; store: SweepStore; nowMs: number };

function world(pageItems?: number, table = memoryTable()): World {
  return { table, registry: memoryRegistryIn(table), store: memorySweepStore(table, new Map(), pageItems), nowMs: 0 };
}

const apply = ({ registry, nowMs }: World, ...operations: Operation[]) =>
  applyAll({ store: registry, now: () => nowMs, pause: async () => {} }, operations);

async function pass({ registry, store, nowMs }: World, instead: Partial<SweepStore> = {}): Promise<CollectReport> {
  const ports = { registry, store: { ...store, ...instead }, now: () => nowMs };
  let sum: CollectReport = { folded: 0, pointers: 0, watermarks: 0 };
  let after: string | undefined;
  do {
    const page = await store.page(after);
    const one = await collect(ports, page, await watermarksOf(registry, page, after));
    sum = {
      folded: sum.folded + one.folded,
      pointers: sum.pointers + one.pointers,
      watermarks: sum.watermarks + one.watermarks,
    };
    after = page.next;
  } while (after !== undefined);
  return sum;
}

/** The store deletes documents that have expired. */
function expire({ table, nowMs }: World): void {
  for (const [name, { document }] of table.documents)
    if ((expiryOf(document) ?? nowMs) < nowMs) table.documents.delete(name);
}

const answers = async ({ registry, nowMs }: World) => [
  await accountsOf(
    registry,
    PHONES.map((name) => ({ app: SHOP, token: token(name) })),
    nowMs,
  ),
  (
    await tokensOf(
      registry,
      NAMES.map((name) => ({ app: SHOP, account: account(name) })),
      nowMs,
    )
  ).map(({ tokens }) => tokens),
];

const sizes = ({ table }: World) => ({
  documents: table.documents.size,
  pointers: [...table.pointers.values()].reduce((sum, { size }) => sum + size, 0),
  watermarks: table.watermarks.size,
});

const KINDS = ['bind', 'override', 'types', 'unbind', 'unbindAll', 'everywhere', 'others', 'endSession'] as const;

/** Days after another, and what happens then: an operation, at most as late as the horizon allows, or a sweep. */
const step = fc.record({
  days: fc.constantFrom(0, 0, 0, 1, 10, 36, 50),
  lateMs: fc.oneof(fc.constant(0), fc.nat(HORIZON_MS), fc.constant(HORIZON_MS)),
  kind: fc.constantFrom(...KINDS, 'sweep', 'sweep'),
  session: fc.constantFrom(undefined, undefined, 'one', 'two'),
  leaseDays: fc.constantFrom(undefined, undefined, undefined, 1, 40),
  phone: fc.constantFrom('phone', ...PHONES),
  names: fc.subarray(NAMES, { minLength: 1 }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

type Kind = Exclude<Step['kind'], 'sweep'>;

function operationOf({ phone, names, lateMs, session: own, leaseDays }: Step, kind: Kind, nowMs: number): Operation {
  const ms = nowMs - lateMs;
  const [first = 'alice'] = names;
  // A session lasts ten days at most.
  const name = `${own ?? 'one'}${Math.floor(ms / (10 * DAY_MS))}`;
  const everywhere = unbindEverywhere(ms, first);
  if (kind === 'everywhere') return everywhere;
  if (kind === 'others') return { ...everywhere, kind: 'unbindAccountFromOthers', session: session(name) };
  if (kind === 'endSession') return { ...everywhere, kind: 'endAccountSession', session: session(name) };
  const extra = own === undefined ? {} : { session: name };
  if (kind === 'unbindAll') return moved(unbindAll(ms, extra), phone);
  if (kind === 'unbind') return moved(unbind(ms, names, extra), phone);
  const login = { bind, override, types: overrideTypes }[kind](ms, names, extra);
  return moved({ ...login, ...(leaseDays !== undefined && { untilMs: ms + leaseDays * DAY_MS }) }, phone);
}

async function take(step: Step, one: World): Promise<void> {
  if (step.kind === 'sweep') await pass(one);
  else await apply(one, operationOf(step, step.kind, one.nowMs));
}

const steps = fc.array(step, { minLength: 6, maxLength: 14 });

test('a sweep at any moment changes no answer, now or after operations as late as the horizon allows', async () => {
  const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 4 }), async (all, pageItems) => {
    const [swept, left] = [world(pageItems), world()];
    let nowMs = 1_000 * DAY_MS;
    for (const [i, one] of all.entries()) {
      nowMs += one.days * DAY_MS + i;
      swept.nowMs = nowMs;
      left.nowMs = nowMs;
      expire(swept);
      await take(one, swept);
      if (one.kind !== 'sweep') await take(one, left);
      expect(await answers(swept)).toEqual(await answers(left));
    }
  });
  await fc.assert(property, { numRuns: 800, seed: 1 });
});

test('a third pass finds no more work', async () => {
  const property = fc.asyncProperty(steps, async (all) => {
    const one = world();
    one.nowMs = 1_000 * DAY_MS;
    for (const [i, next] of all.entries()) {
      one.nowMs += next.days * DAY_MS + i;
      await take(next, one);
    }
    await pass(one);
    await pass(one);
    const before = structuredClone(one.table);
    expect(await pass(one)).toEqual({ folded: 0, pointers: 0, watermarks: 0 });
    expect(one.table).toEqual(before);
  });
  await fc.assert(property, { numRuns: 400, seed: 1 });
});

test('a deleted account has no entries after a year without sweeps', async () => {
  const one = world();
  one.nowMs = 1_000 * DAY_MS;
  await apply(one, override(one.nowMs - 20 * DAY_MS, ['alice']), moved(override(one.nowMs, ['alice']), 'tablet'));
  await apply(one, unbindEverywhere(one.nowMs + 1, 'alice'));
  one.nowMs += 365 * DAY_MS;
  for (let day = 0; day < 4; day++) {
    await pass(one);
    expire(one);
    one.nowMs += DAY_MS;
  }
  expect(sizes(one)).toEqual({ documents: 0, pointers: 0, watermarks: 0 });
});

const old = async (pageItems?: number) => {
  const one = world(pageItems);
  one.nowMs = 1_000 * DAY_MS;
  await apply(one, unbindEverywhere(one.nowMs, 'alice'));
  one.nowMs += HORIZON_MS + LATENESS_MS + 1;
  return one;
};

test('an old session of an account with more tokens than are looked at stays, and holds up no pass', async () => {
  const one = world();
  one.nowMs = 1_000 * DAY_MS;
  const end = { ...unbindEverywhere(one.nowMs, 'alice'), kind: 'endAccountSession', session: session('s1') } as const;
  const pointers = Array.from({ length: 1_001 }, (_, i) => ({ token: token(`phone-${i}`), edge: '4' }));
  await apply(one, end);
  const registry: RegistryStore = { ...one.registry, pointers: async () => ({ pointers }) };
  for (let passes = 0; passes < 3; passes++) {
    one.nowMs += HORIZON_MS + LATENESS_MS + 1;
    await pass({ ...one, registry });
  }
  expect(Object.keys((await watermarkOf(one.registry, end)).watermark.ended)).toEqual([session('s1')]);
});

test('a watermark forgets a session only when it is older than every late login, and no document names it', async () => {
  const one = world();
  one.nowMs = 1_000 * DAY_MS;
  const login = bind(one.nowMs, ['alice'], { session: 's1' });
  const end = { ...unbindEverywhere(one.nowMs, 'alice'), kind: 'endAccountSession', session: session('s1') } as const;
  await apply(one, login, end, moved(bind(one.nowMs, ['alice'], { session: 's2' }), 'tablet'));
  const ended = async () => Object.keys((await watermarkOf(one.registry, end)).watermark.ended);
  one.nowMs += HORIZON_MS + LATENESS_MS;
  await pass(one);
  expect(await ended()).toEqual([session('s1')]);
  one.nowMs += 1;
  one.table.unreadable.add(`${SHOP}#tablet`);
  await pass(one);
  expect(await ended()).toEqual([session('s1')]);
  one.table.unreadable.clear();
  // A read that began before the document was folded may still be under way.
  for (const hours of [0, 0.9, 0.2]) {
    one.nowMs += hours * HOUR_MS;
    expect(await ended()).toEqual([session('s1')]);
    await pass(one);
  }
  expect(await ended()).toEqual([]);
  const [, ofAccounts] = await answers(one);
  expect(ofAccounts?.[0]).toEqual(['tablet']);
});

test('a watermark goes an hour after its account had no pointers: earlier reads have ended', async () => {
  const one = await old();
  expect((await pass(one)).watermarks).toBe(0);
  one.nowMs += HOUR_MS - 1;
  expect((await pass(one)).watermarks).toBe(0);
  one.nowMs += 1;
  expect((await pass(one)).watermarks).toBe(1);
  expect(sizes(one).watermarks).toBe(0);
});

test('a watermark stays while its account has a pointer, on whatever page', async () => {
  const one = await old(1);
  await apply(one, bind(one.nowMs, ['alice']));
  for (let i = 0; i < 3; i++) {
    await pass(one);
    one.nowMs += HOUR_MS;
  }
  expect(sizes(one)).toEqual({ documents: 1, pointers: 1, watermarks: 1 });
});

test('a watermark stays if it rises between read and delete', async () => {
  const one = await old();
  await pass(one);
  one.nowMs += HOUR_MS;
  const hasPointers: SweepStore['hasPointers'] = async (ref) => {
    await apply(one, unbindEverywhere(one.nowMs, 'alice'));
    return one.store.hasPointers(ref);
  };
  expect((await pass(one, { hasPointers })).watermarks).toBe(0);
  expect(sizes(one).watermarks).toBe(1);
});

type Moment = (store: SweepStore, login: () => Promise<unknown>) => Partial<SweepStore>;

test.each<[string, number, Moment]>([
  [
    'between read and delete keeps its pointer',
    0,
    ({ deletePointer }, login) => ({ deletePointer: (...args) => login().then(() => deletePointer(...args)) }),
  ],
  [
    'right after the delete makes its pointer again',
    1,
    ({ deletePointer }, login) => ({
      deletePointer: async (...args) => {
        const isGone = await deletePointer(...args);
        await login();
        return isGone;
      },
    }),
  ],
  [
    'during a page keeps an entry that the page shows as dead',
    0,
    ({ glimpse }, login) => ({
      glimpse: async (tokens) => {
        const seen = await glimpse(tokens);
        await login();
        return seen;
      },
    }),
  ],
])('a login %s', async (_, pointers, during) => {
  const one = world();
  one.nowMs = 1_000 * DAY_MS;
  await apply(one, bind(one.nowMs, ['alice']));
  await apply(one, unbindAll(one.nowMs + 1));
  one.nowMs += 40 * DAY_MS;
  const login = () => apply(one, bind(one.nowMs, ['alice']));
  expect(await pass(one, during(one.store, login))).toMatchObject({ pointers });
  expect(await answers(one)).toMatchObject([
    [[account('alice')], []],
    [['phone'], [], []],
  ]);
});

test('a lost race for a document leaves it and its pointer to the next pass', async () => {
  const one = world();
  one.nowMs = 1_000 * DAY_MS;
  await apply(one, bind(one.nowMs, ['alice']), unbindEverywhere(one.nowMs + 1, 'alice'));
  one.nowMs += 40 * DAY_MS;
  let races = 1;
  const registry: RegistryStore = {
    ...one.registry,
    write: async (...parameters) => {
      if (races-- > 0) await apply(one, unbind(one.nowMs, ['bob']));
      return one.registry.write(...parameters);
    },
  };
  expect(await pass({ ...one, registry })).toEqual({ folded: 0, pointers: 0, watermarks: 0 });
  expect(sizes(one)).toEqual({ documents: 1, pointers: 1, watermarks: 1 });
  expect(await pass({ ...one, registry })).toEqual({ folded: 1, pointers: 1, watermarks: 0 });
});
