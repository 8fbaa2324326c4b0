import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { chunksOf, inParallel, inRounds } from '../../functions/core/parallel.ts';

/** Work that a test ends or fails item by item, and the items begun so far. */
function controlled() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (item: number) => {
    begun.push(item);
    return new Promise<number>((resolve, reject) => ends.set(item, { resolve: () => resolve(item * 10), reject }));
  };
  return { begun, work, ends };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('parallel work begins the next item as soon as one ends, and returns its results in order', async () => {
  const { begun, work, ends } = controlled();
  const all = inParallel([1, 2, 3, 4], 2, work);
  expect(begun).toEqual([1, 2]);
  ends.get(2)?.resolve();
  await settled();
  expect(begun).toEqual([1, 2, 3]);
  ends.get(1)?.resolve();
  await settled();
  expect(begun).toEqual([1, 2, 3, 4]);
  for (const item of [3, 4]) ends.get(item)?.resolve();
  await expect(all).resolves.toEqual([10, 20, 30, 40]);
});

test('the first error of parallel work is thrown and no new work begins', async () => {
  const { begun, work, ends } = controlled();
  const all = inParallel([1, 2, 3, 4], 2, work);
  ends.get(1)?.reject(new Error('first'));
  await expect(all).rejects.toThrow('first');
  ends.get(2)?.resolve();
  await settled();
  expect(begun).toEqual([1, 2]);
});

test('parallel work on no items returns an empty list', async () => {
  await expect(inParallel([], 2, () => Promise.reject(new Error('work')))).resolves.toEqual([]);
});

test.each([
  [[], 2, []],
  [[1, 2, 3], 2, [[1, 2], [3]]],
  [[1, 2], 2, [[1, 2]]],
])('a list %j in chunks of %i is %j', (items, size, chunks) => {
  expect(chunksOf(items, size)).toEqual(chunks);
});

test('work in rounds goes on with the items that were left, after a wait', async () => {
  const rounds: (readonly number[])[] = [];
  const waits: number[] = [];
  const work = async (items: readonly number[]) => {
    rounds.push(items);
    return items.slice(1);
  };
  await inRounds([1, 2, 3], work, async (round) => void waits.push(round), 'left');
  expect(rounds).toEqual([[1, 2, 3], [2, 3], [3]]);
  expect(waits).toEqual([1, 2]);
});

test('work in rounds that leaves items for ever is unavailable', async () => {
  const work = async (items: readonly number[]) => items;
  await expect(inRounds([1], work, async () => {}, 'left')).rejects.toThrow(new Unavailable('left'));
});
