import { expect, test } from 'vitest';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { msOf } from '../../functions/core/stamp.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { bindTime, FUTURE_MS, NOT_YET_MS, withTimelyRemovals } from '../../functions/core/time.ts';
import { memoryRegistryStore, storeAfter } from '../memory/registry-store.ts';
import { bind, session, token, unbind, unbindAll, unbindEverywhere } from '../world/examples.ts';

const NOW = 1_700_000_000_000;

test('a bind keeps its own time, up to 5 s ahead of our clock', () => {
  for (const ms of [NOW - HORIZON_MS, NOW - 1, NOW, NOW + FUTURE_MS]) expect(bindTime(ms, NOW)).toEqual({ ms });
  expect(FUTURE_MS).toBe(5_000);
});

test('a bind from further in the future is refused, never moved: a retry must not get a time of its own', () => {
  expect(bindTime(NOW + FUTURE_MS + 1, NOW)).toEqual({ refused: 'not yet' });
  expect(bindTime(NOW + NOT_YET_MS + 1, NOW)).toEqual({ refused: 'future' });
});

test('a bind from before the horizon is refused: the tombstones that could stop it may be gone', () => {
  expect(bindTime(NOW - HORIZON_MS - 1, NOW)).toEqual({ refused: 'too old' });
});

const AHEAD = NOW + FUTURE_MS + 1_000;

/** The times (ms after NOW) of operations that come in one request to a store. */
async function timesOf(store: RegistryStore, ...operations: Operation[]): Promise<number[]> {
  const timely = await withTimelyRemovals(store, operations, NOW);
  return timely.map(({ stamp }) => msOf(stamp) - NOW);
}

test('a removal keeps its own time, however old, while a bind could carry it too, and reads nothing', async () => {
  expect(await timesOf(unreadable(), unbindAll(1), unbindAll(NOW + FUTURE_MS))).toEqual([1 - NOW, FUTURE_MS]);
});

test.each<[string, Operation]>([
  ['a logout', unbindAll(AHEAD)],
  ['a logout of one account', unbind(AHEAD, ['alice'])],
  ['a sign-out everywhere', unbindEverywhere(AHEAD, 'alice')],
  [
    'a sign-out of the other devices',
    { ...unbindEverywhere(AHEAD, 'alice'), kind: 'unbindAccountFromOthers', session: session('stays') },
  ],
])('%s from the future is stamped just after the newest that it removes', async (_, removal) => {
  expect(await timesOf(await storeAfter(bind(NOW + 4_990, ['alice'])), removal)).toEqual([4_991]);
  expect(await timesOf(await storeAfter(bind(NOW - 10, ['alice'])), removal)).toEqual([0]);
  expect(await timesOf(await storeAfter(bind(NOW + 9_000, ['alice'])), removal)).toEqual([6_000]);
});

test('a sign-out everywhere from the future is later than every bind can be if the account has more tokens than are read', async () => {
  const pointers = Array.from({ length: 10_001 }, (_, i) => ({ token: token(`phone-${i}`), edge: '4' }));
  const crowded: RegistryStore = { ...memoryRegistryStore(), pointers: async () => ({ pointers }) };
  expect(await timesOf(crowded, unbindEverywhere(AHEAD, 'alice'))).toEqual([5_000]);
});

test('a removal from the future is later than a bind of its own request', async () => {
  const times = await timesOf(memoryRegistryStore(), bind(NOW + 4_990, ['alice']), unbindAll(AHEAD));
  expect(times).toEqual([4_990, 4_991]);
});

test('a removal from the future is later than every bind can be while the registry cannot be read', async () => {
  expect(await timesOf(unreadable(), unbindAll(AHEAD), unbindEverywhere(AHEAD, 'alice'))).toEqual([5_000, 5_000]);
});

function unreadable(): RegistryStore {
  const down = () => Promise.reject(new Unavailable('TimeoutError'));
  return { ...memoryRegistryStore(), documents: down, pointers: down, watermarks: down };
}

test('the horizon is what a queue, its dead letters and a sender can hold back: 14, 14 and 7 days', () => {
  expect(HORIZON_MS).toBe((14 + 14 + 7) * 86_400_000);
});
