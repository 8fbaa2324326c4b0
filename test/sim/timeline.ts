/** Durations (ms). */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Virtual time: what is due happens in the order of time, each event after all that followed from the one before. */
export type Timeline = {
  /** Milliseconds since the beginning. */
  readonly now: () => number;
  readonly after: (ms: number, act: () => void) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** Lets everything happen that is due up to then, and what follows from it. */
  readonly run: (untilMs?: number) => Promise<void>;
};

type Event = { readonly at: number; readonly order: number; readonly act: () => void };

export function timeline(): Timeline {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;
  const after = (ms: number, act: () => void) => push(heap, { at: now + ms, order: order++, act });
  return {
    now: () => now,
    after,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    run: async (untilMs = Number.POSITIVE_INFINITY) => {
      await settled();
      for (let next = heap[0]; next !== undefined && next.at <= untilMs; next = heap[0]) {
        pop(heap);
        now = next.at;
        next.act();
        await settled();
      }
    },
  };
}

/** Everything that only waits for promises has happened by the time the event loop comes to its immediates. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Event[], event: Event): void {
  let hole = heap.length;
  heap.push(event);
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, event)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    const [left, right] = [heap[2 * hole + 1], heap[2 * hole + 2]];
    if (left === undefined) break;
    const isRight = right !== undefined && isBefore(right, left);
    const child = isRight ? right : left;
    if (isBefore(last, child)) break;
    heap[hole] = child;
    hole = 2 * hole + (isRight ? 2 : 1);
  }
  heap[hole] = last;
}
