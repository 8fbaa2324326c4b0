import { expect, test } from 'vitest';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import { FUTURE_MS, timeFor } from '../../functions/core/time.ts';

const NOW = 1_700_000_000_000;

test('a bind keeps its own time, up to 5 s ahead of our clock', () => {
  for (const ms of [NOW - HORIZON_MS, NOW - 1, NOW, NOW + FUTURE_MS]) expect(timeFor('binds', ms, NOW)).toEqual({ ms });
  expect(FUTURE_MS).toBe(5_000);
});

test('a bind from further in the future is refused, never moved: a retry must not get a time of its own', () => {
  expect(timeFor('binds', NOW + FUTURE_MS + 1, NOW)).toEqual({ refused: 'future' });
});

test('a bind from before the horizon is refused: the tombstones that could stop it may be gone', () => {
  expect(timeFor('binds', NOW - HORIZON_MS - 1, NOW)).toEqual({ refused: 'too old' });
});

test('a removal keeps its own time, however old, while a bind could carry it too; further ahead it gets the time now', () => {
  for (const ms of [1, NOW + FUTURE_MS]) expect(timeFor('removes', ms, NOW)).toEqual({ ms });
  expect(timeFor('removes', -62_135_596_800_000, NOW)).toEqual({ ms: 0 });
  expect(timeFor('removes', NOW + FUTURE_MS + 1, NOW)).toEqual({ ms: NOW });
});

test('the horizon is what a queue, its dead letters and a sender can hold back: 14, 14 and 7 days', () => {
  expect(HORIZON_MS).toBe((14 + 14 + 7) * 86_400_000);
});
