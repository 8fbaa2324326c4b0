import { Unavailable } from './outcome.ts';

/** Tokens or accounts that one call works on at a time. */
export const AT_ONCE = 16;

/**
 * Runs `work` on every item, at most `limit` at a time. Returns the results in the order of the items. The first error
 * stops new work and is thrown.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = each([...items.entries()]);
  const worker = async () => {
    for (const [place, item] of queue) results[place] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

/** A generator, unlike an array's own iterator, ends for all its readers once one of them throws. */
function* each<T>(items: readonly T[]): Generator<T> {
  yield* items;
}

/** Rounds after which work that is left counts as unavailable. */
const ROUNDS = 8;

/**
 * Works on items until none is left: `work` returns those that it left. Waits before each new round (from 1), and throws
 * `Unavailable` after the last one.
 */
export async function inRounds<T>(
  items: readonly T[],
  work: (items: readonly T[]) => Promise<readonly T[]>,
  pause: (round: number) => Promise<void>,
  reason: string,
): Promise<void> {
  for (let [round, left] = [0, items]; left.length > 0; round++) {
    if (round === ROUNDS) throw new Unavailable(reason);
    if (round > 0) await pause(round);
    left = await work(left);
  }
}

/** Cuts a list into pieces of `size` items, in order; the last one may be shorter. */
export const chunksOf = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
