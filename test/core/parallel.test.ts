import { expect, test } from 'vitest';
import { inParallel } from '../../functions/core/parallel.ts';

/** Work that goes on until it is told to end, and what was begun so far. */
function controlled() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (item: number) => {
    begun.push(item);
    return new Promise<void>((resolve, reject) => ends.set(item, { resolve, reject }));
  };
  return { begun, work, ends };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('work on all items is done, at most so many at a time, the next as soon as one ends', async () => {
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
  await expect(all).resolves.toBeUndefined();
});

test('the first error is thrown and no new work begins', async () => {
  const { begun, work, ends } = controlled();
  const all = inParallel([1, 2, 3, 4], 2, work);
  ends.get(1)?.reject(new Error('first'));
  await expect(all).rejects.toThrow('first');
  ends.get(2)?.resolve();
  await settled();
  expect(begun).toEqual([1, 2]);
});

test('no items are no work', async () => {
  await expect(inParallel([], 2, () => Promise.reject(new Error('work')))).resolves.toBeUndefined();
});
