import { describe, expect, test } from 'vitest';
import { interleaved, median, medianParts, QUICK, quantile } from '../../bench/measure.ts';

describe('a measurement', () => {
  test('gives its variants turns, back and forth, so that what slows one slows all', async () => {
    const turns: string[] = [];
    const variant = (name: string) => () => {
      if (turns.at(-1) !== name) turns.push(name);
      const until = performance.now() + 2;
      while (performance.now() < until);
    };
    await interleaved({ a: variant('a'), b: variant('b') }, { ...QUICK, rounds: 4 });
    // Each is warmed up; then a b, b a, a b, b a.
    expect(turns).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'a']);
  });

  test('awaits what a variant returns, and counts the processor time it takes', async () => {
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
});

test('rounds in which the machine was slow do not change how variants compare', () => {
  const [a = 0, b = 0] = medianParts([
    [2, 20, 2, 40, 2],
    [1, 10, 1, 20, 1],
  ]);
  expect([a / b, a + b]).toEqual([2, 3]);
  // One variant struck alone in one round is left out.
  const [c = 0, d = 0] = medianParts([
    [2, 2, 90, 2, 2],
    [1, 1, 1, 1, 1],
  ]);
  expect(c / d).toBeCloseTo(2);
});

describe('a median', () => {
  test('is the middle value, whatever the order', () => expect(median([9, 1, 5])).toBe(5));
  test('of an even number lies between the two in the middle', () => expect(median([1, 2, 4, 9])).toBe(3));
  test('is not moved by one wild value', () => expect(median([1, 1, 1, 1, 1e9])).toBe(1));
});

test('a quantile lies where its share says', () => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 0)).toBe(0);
});
