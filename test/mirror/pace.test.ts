import { expect, test } from 'vitest';
import { pace } from '../../functions/mirror/hosted.ts';

/** When each of `calls` goes (ms), if each is asked for at once. */
function times(perS: number, calls: number): number[] {
  const take = pace(perS, () => 0);
  return Array.from({ length: calls }, take);
}

test('a second’s worth of calls goes at once, the others one after the other', () => {
  expect(times(4, 8)).toEqual([0, 0, 0, 0, 250, 500, 750, 1_000]);
});

test('no second sees more than twice the rate, however long the pause before', () => {
  const clock = { ms: 0 };
  const take = pace(10, () => clock.ms);
  take();
  clock.ms = 3_600_000;
  const waits = Array.from({ length: 40 }, take);
  expect(waits.filter((ms) => ms < 1_000).length).toBeLessThanOrEqual(20);
  expect(waits.at(-1)).toBe(3_000);
});

test('less than one call a second is possible', () => {
  expect(times(0.5, 3)).toEqual([0, 2_000, 4_000]);
});
