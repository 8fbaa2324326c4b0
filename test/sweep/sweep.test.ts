import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { Check } from '../../functions/mirror/mark.ts';
import { type MirrorState, type StoredState, UNKNOWN } from '../../functions/mirror/state.ts';
import type { SweepStore } from '../../functions/sweep/store.ts';
import { type SweepPorts, sweep } from '../../functions/sweep/sweep.ts';
import { memoryMirrorStore } from '../memory/mirror-store.ts';
import { memoryRegistryIn, memoryTable } from '../memory/registry-store.ts';
import { memorySweepStore } from '../memory/sweep-store.ts';
import {
  app,
  bind,
  installation,
  key,
  moved,
  override,
  session,
  unbindAll,
  unbindEverywhere,
} from '../world/examples.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const SHOP = app().id;
const NOW = Date.parse('2026-11-22T12:00:00.000Z');

type Sent = { readonly tokens: readonly string[]; readonly delayS: number; readonly id: string | undefined };

/** The real sweep over memory. */
function world(pageItems = 1_000) {
  const table = memoryTable();
  const states = new Map<string, StoredState>();
  let writtenMs = NOW;
  const registry = memoryRegistryIn(table, () => writtenMs);
  const store = memorySweepStore(table, states, pageItems);
  const sent: Sent[] = [];
  const clock = { nowMs: NOW };
  const ports: SweepPorts = {
    registry,
    store,
    states: memoryMirrorStore(states),
    mirrored: new Set([SHOP]),
    check: async (_app, checks: readonly Check[], delayS) => {
      sent.push({ tokens: checks.map((check) => check.token), delayS, id: checks[0]?.id });
    },
    now: () => clock.nowMs,
    hasTime: () => true,
    chance: () => 0.5,
  };
  const apply = (ms: number, ...operations: Operation[]) => {
    writtenMs = ms;
    return applyAll({ store: registry, now: () => ms, pause: async () => {} }, operations);
  };
  return {
    ...{ table, states, sent, clock, ports, apply, store },
    run: (instead: Partial<SweepPorts> = {}) => sweep({ ...ports, ...instead }),
    tokens: () => sent.flatMap((one) => one.tokens).sort(),
    remember: (name: string, state: Partial<MirrorState>) =>
      states.set(`${SHOP}#${name}`, { state: { ...UNKNOWN, ...state }, version: 1 }),
  };
}

const pagesOf = (pages: number) => {
  let left = pages;
  return () => left-- > 0;
};

const logins = (count: number, ms: number) =>
  Array.from({ length: count }, (_, i) => moved(override(ms, ['alice']), `phone-${String(i).padStart(4, '0')}`));

test('a pass reads the whole table and reports its work in numbers', async () => {
  const { run, apply } = world();
  await apply(NOW, ...logins(3, NOW));
  expect(await run()).toEqual({
    kind: 'done',
    ...{ pages: 1, scanned: 6, unreadable: 0, checks: 3, unsent: 0 },
    ...{ folded: 0, forgotten: 0, pointers: 0, watermarks: 0, installations: 0, renewed: 0 },
  });
});

test('a pass may take many invocations, each continuing after the last page', async () => {
  const { run, apply, tokens } = world(4);
  await apply(NOW, ...logins(10, NOW));
  const kinds: string[] = [];
  let scanned = 0;
  for (let i = 0; i < 3; i++) {
    const swept = await run({ hasTime: pagesOf(2) });
    kinds.push(swept.kind);
    scanned += swept.scanned;
  }
  expect(kinds).toEqual(['unfinished', 'unfinished', 'done']);
  expect(scanned).toBe(20);
  expect(tokens()).toHaveLength(10);
  expect(new Set(tokens()).size).toBe(10);
});

test('a pass begins once a day, though the timer runs every hour', async () => {
  const { run, clock } = world();
  const kinds: string[] = [];
  for (let hour = 0; hour < 49; hour++) {
    // A timer is never exact.
    clock.nowMs = NOW + hour * HOUR_MS - (hour % 2) * 1_000;
    kinds.push((await run()).kind);
  }
  expect(kinds.flatMap((kind, hour) => (kind === 'done' ? [hour] : []))).toEqual([0, 24, 48]);
  expect(new Set(kinds)).toEqual(new Set(['done', 'idle']));
});

test('a pass longer than a day is followed by the next one', async () => {
  const { run, apply, clock } = world(4);
  await apply(NOW, ...logins(10, NOW));
  await run({ hasTime: pagesOf(4) });
  clock.nowMs += 2 * DAY_MS;
  expect((await run()).kind).toBe('done');
  clock.nowMs += HOUR_MS;
  expect(await run()).toMatchObject({ kind: 'done', scanned: 20 });
});

test('two invocations at a time end one of them', async () => {
  const { run, apply, store } = world(4);
  await apply(NOW, ...logins(10, NOW));
  let isFirst = true;
  const page: SweepStore['page'] = async (after) => {
    if (isFirst) {
      isFirst = false;
      await run({ hasTime: pagesOf(1) });
    }
    return store.page(after);
  };
  expect(await run({ store: { ...store, page } })).toMatchObject({ kind: 'overtaken', pages: 1 });
  expect(await run()).toMatchObject({ kind: 'done', scanned: 16 });
});

test('an unavailable store is read again at the page that failed', async () => {
  const { run, apply, store } = world(4);
  await apply(NOW, ...logins(10, NOW));
  let pages = 0;
  const page: SweepStore['page'] = async (after) => {
    if (++pages > 2) throw new Unavailable('ThrottlingException');
    return store.page(after);
  };
  const swept = await run({ store: { ...store, page } });
  expect(swept).toMatchObject({ kind: 'unavailable', reason: 'ThrottlingException', pages: 2, scanned: 8 });
  expect(await run()).toMatchObject({ kind: 'done', scanned: 12 });
});

test('a page is swept again if the store was unavailable during its deletes', async () => {
  const { run, apply, store, clock, ports } = world();
  await apply(NOW, ...logins(3, NOW));
  await apply(NOW, unbindEverywhere(NOW + 1, 'alice'));
  clock.nowMs += 40 * DAY_MS;
  const write = async () => Promise.reject(new Unavailable('TimeoutError'));
  const swept = await run({ registry: { ...ports.registry, write } });
  expect(swept).toMatchObject({ kind: 'unavailable', pages: 0 });
  expect(await store.pass()).toEqual({ pass: undefined, version: 0 });
  expect(await run()).toMatchObject({ kind: 'done', folded: 3, pointers: 3 });
});

test('tokens written within three days are verified, however old their events are', async () => {
  const { run, apply, tokens } = world();
  await apply(NOW - 3 * DAY_MS, moved(override(NOW - 13 * DAY_MS, ['alice']), 'new'));
  await apply(NOW - 3 * DAY_MS - 1, moved(override(NOW - 3 * DAY_MS, ['alice']), 'old'));
  await run();
  expect(tokens()).toEqual(['new']);
});

test('tokens with a lease that has just ended are verified, and so are those of an account whose session has', async () => {
  const { run, apply, tokens } = world();
  const leased = { ...override(NOW - 13 * DAY_MS, ['alice']), untilMs: NOW - DAY_MS };
  await apply(NOW - 13 * DAY_MS, moved(leased, 'leased'));
  await apply(NOW - 13 * DAY_MS, moved(override(NOW - 13 * DAY_MS, ['bobby']), 'ended'));
  const end = {
    ...unbindEverywhere(NOW - 12 * DAY_MS, 'bobby'),
    kind: 'endAccountSession',
    session: session('s'),
  } as const;
  await apply(NOW, end);
  await run();
  expect(tokens()).toEqual(['ended', 'leased']);
});

test('tokens whose items do not say when they were written are verified by the times of their events', async () => {
  const { run, apply, tokens, table } = world();
  await apply(NOW, moved(override(NOW - 3 * DAY_MS, ['alice']), 'new'));
  await apply(NOW, moved(override(NOW - 3 * DAY_MS - 1, ['alice']), 'old'));
  table.written.clear();
  await run();
  expect(tokens()).toEqual(['new']);
});

test('two of a hundred unchanged tokens are verified, by chance', async () => {
  const { run, apply, tokens } = world();
  const before = NOW - 10 * DAY_MS;
  await apply(before, ...logins(1_000, before));
  let i = 0;
  await run({ chance: () => (i++ % 100) / 100 });
  expect(tokens()).toHaveLength(20);
});

test('tokens that an account has just lost are verified, though no document shows it', async () => {
  const { run, apply, tokens } = world();
  const before = NOW - 10 * DAY_MS;
  await apply(before, moved(bind(before, ['alice']), 'hers'), moved(bind(before, ['bob']), 'his'));
  await apply(NOW, unbindEverywhere(before + 1, 'alice'));
  await run();
  expect(tokens()).toEqual(['hers']);
});

test('tokens bound with a bearer from before a sign-out that comes late are verified', async () => {
  const { run, apply, tokens } = world();
  const [issuedMs, before] = [NOW - 11 * DAY_MS, NOW - 10 * DAY_MS];
  await apply(before, moved({ ...bind(before, ['alice']), issuedMs }, 'hers'));
  await apply(NOW, unbindEverywhere(before - 1, 'alice'));
  await run();
  expect(tokens()).toEqual(['hers']);
});

test('tokens that an account has just lost are verified if their page begins among its pointers', async () => {
  const { run, apply, tokens } = world(2);
  const before = NOW - 10 * DAY_MS;
  await apply(before, ...logins(3, before));
  await apply(NOW, unbindEverywhere(before + 1, 'alice'));
  await run();
  // Some of them twice: their documents were written too.
  expect(new Set(tokens())).toEqual(new Set(['phone-0000', 'phone-0001', 'phone-0002']));
});

test('checks are twenty a message, with delays spread over a quarter of an hour', async () => {
  const { run, apply, sent } = world(7);
  await apply(NOW, ...logins(1_010, NOW));
  expect(await run()).toMatchObject({ checks: 1_010, unsent: 0 });
  expect(sent.map(({ tokens }) => tokens.length)).toEqual([...Array.from({ length: 50 }, () => 20), 10]);
  const delays = sent.map(({ delayS }) => delayS).sort((a, b) => a - b);
  expect([delays[0], delays.at(-1)]).toEqual([expect.toSatisfy((s) => s < 30), expect.toSatisfy((s) => s <= 900)]);
  const gaps = delays.slice(1).map((delay, i) => delay - (delays[i] ?? 0));
  expect(Math.max(...gaps, 900 - (delays.at(-1) ?? 0))).toBeLessThan(40);
  expect(new Set(sent.map(({ id }) => id))).toEqual(new Set([`sweep-${NOW}`]));
});

test('checks that a queue does not take are counted and delay no other work', async () => {
  const { run, apply, clock } = world();
  await apply(NOW, ...logins(25, NOW));
  await apply(NOW, unbindEverywhere(NOW + 1, 'alice'));
  clock.nowMs += DAY_MS;
  const check = async () => Promise.reject(new Unavailable('QueueDoesNotExist'));
  const swept = await run({ check });
  expect(swept).toMatchObject({ kind: 'done', checks: 0 });
  expect(swept.unsent).toBeGreaterThanOrEqual(25);
});

const seen = { pushed: [key('alice')], seen: [key('alice')], pushedMs: NOW - HORIZON_MS - 1 };

test.each([
  ['a forgotten token has the token verified: the hosted API may still bind it', 'gone', 1],
  ['a token with a document is left to that document', 'phone', 0],
])('a state of %s', async (_, name, checks) => {
  const { run, remember, apply, tokens, states } = world(1);
  const before = NOW - 10 * DAY_MS;
  await apply(before, moved(unbindAll(before), 'phone'));
  remember(name, { ...seen, ...(checks === 0 && { dropped: 'unknownToken' }) });
  expect(await run()).toMatchObject({ checks, forgotten: 0 });
  expect(tokens()).toHaveLength(checks);
  expect(states.get(`${SHOP}#${name}`)?.version).toBe(1);
});

test('a state of a dropped token loses its accounts after the horizon', async () => {
  const { run, remember, states } = world();
  remember('gone', { ...seen, dropped: 'unknownToken' });
  remember('young', { ...seen, pushedMs: NOW - HORIZON_MS, dropped: 'unknownToken' });
  expect(await run()).toMatchObject({ checks: 0, forgotten: 1 });
  expect(states.get(`${SHOP}#gone`)).toEqual({
    state: { seen: [], pushedMs: seen.pushedMs, misses: 0, dropped: 'unknownToken' },
    version: 2,
  });
  expect(states.get(`${SHOP}#young`)?.version).toBe(1);
});

test('an app without a mirror has no tokens verified, and its states lose their accounts after the horizon', async () => {
  const { run, remember, apply, states } = world();
  await apply(NOW, moved(override(NOW, ['alice']), 'phone'));
  remember('phone', seen);
  expect(await run({ mirrored: new Set() })).toMatchObject({ checks: 0, forgotten: 1 });
  expect(states.get(`${SHOP}#phone`)?.state.seen).toEqual([]);
});

test('a pass leaves a document that cannot be read, and its pointer, and collects the others', async () => {
  const { run, apply, remember, clock, table, tokens } = world();
  await apply(NOW, ...logins(2, NOW));
  await apply(NOW, ...['phone-0000', 'phone-0001'].map((name) => moved(unbindAll(NOW + 1), name)));
  table.unreadable.add(`${SHOP}#phone-0000`);
  remember('phone-0000', { seen: ['0#alice'] });
  clock.nowMs = NOW + HORIZON_MS + 1;
  expect(await run()).toMatchObject({ kind: 'done', unreadable: 1, pointers: 1 });
  expect(tokens()).not.toContain('phone-0000');
});

test('the newest login of an installation stays while its token is bound, and goes when no late login can come', async () => {
  const { run, apply, clock, table } = world();
  const login = (ms: number, name: string) => ({
    ...moved(override(ms, ['alice']), name),
    installation: installation(name),
  });
  await apply(NOW, login(NOW, 'bound'), login(NOW, 'left'), login(NOW, 'young'));
  await apply(NOW, moved(unbindAll(NOW + 1), 'left'), moved(unbindAll(NOW + 1), 'young'));
  clock.nowMs = NOW + HORIZON_MS + LATENESS_MS + 1;
  await apply(clock.nowMs, login(NOW + HORIZON_MS, 'young'));
  expect(await run()).toMatchObject({ installations: 1 });
  expect([...table.installations.values()].map((one) => one.token)).toEqual(['bound', 'young']);
});
