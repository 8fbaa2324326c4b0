import { expect, test } from 'vitest';
import { interleaved, median, medianParts, QUICK, quantile } from '../../bench/measure.ts';

test('variants are measured in turns, back and forth, so that a slow machine slows all of them', async () => {
  const turns: string[] = [];
  const variant = (name: string) => () => {
    if (turns.at(-1) !== name) turns.push(name);
    const until = performance.now() + 2;
    while (performance.now() < until);
  };
  await interleaved({ a: variant('a'), b: variant('b') }, { ...QUICK, rounds: 4 });
  // Warms up each; then a b, b a, a b, b a.
  expect(turns).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a']);
});

test('a measurement awaits the promise of a variant and counts its processor time', async () => {
  let done = 0;
  const busy = async () => {
    const until = process.cpuUsage().user + 3_000;
    while (process.cpuUsage().user < until);
    await new Promise(setImmediate);
    done++;
  };
  const { one } = await interleaved({ one: busy }, QUICK);
  expect(done).toBeGreaterThanOrEqual(3);
  expect(one.cpuUs).toBeGreaterThanOrEqual(3_000);
  expect(one.wallUs).toBeGreaterThan(0);
});

test('rounds on a slow machine do not change the ratio of variants', () => {
  const [a = 0, b = 0] = medianParts([
    [2, 20, 2, 40, 2],
    [1, 10, 1, 20, 1],
  ]);
  expect([a / b, a + b]).toEqual([2, 3]);
  // A round that slows one variant alone is dropped.
  const [c = 0, d = 0] = medianParts([
    [2, 2, 90, 2, 2],
    [1, 1, 1, 1, 1],
  ]);
  expect(c / d).toBeCloseTo(2);
});

test('a median is the middle value, in any order', () => expect(median([9, 1, 5])).toBe(5));
test('a median of four values is the mean of the two in the middle', () => expect(median([1, 2, 4, 9])).toBe(3));
test('a median ignores one extreme value', () => expect(median([1, 1, 1, 1, 1e9])).toBe(1));

test('a quantile is the value below which its share of the values lies', () => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 0)).toBe(0);
});
