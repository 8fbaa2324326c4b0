/** Runs `work` on every item, at most `limit` at a time. The first error stops new work and is thrown. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = each(items);
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

/** A generator, unlike an array's own iterator, is over for all its readers once one of them throws. */
function* each<T>(items: readonly T[]): Generator<T> {
  yield* items;
}
