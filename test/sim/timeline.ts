/** Durations (ms). */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The most that a machine's clock is from the time (ms). */
export const MOST_SKEW_MS = 3_000;

/** Virtual time: what is due happens in the order of time, each event after all that followed from the one before. */
export type Timeline = {
  /** Milliseconds since the beginning. */
  readonly now: () => number;
  readonly after: (ms: number, act: () => void) => void;
  readonly sleep: (ms: number) => Promise<void>;
  /** Lets everything happen that is due up to then, and what follows from it. */
  readonly run: (untilMs?: number) => Promise<void>;
};

export function timeline(): Timeline {
  /** In the order of time; of one time, in the order of scheduling. */
  const due: { readonly at: number; readonly act: () => void }[] = [];
  let now = 0;
  const after = (ms: number, act: () => void) => {
    const at = now + ms;
    due.splice(due.findLastIndex((other) => other.at <= at) + 1, 0, { at, act });
  };
  return {
    now: () => now,
    after,
    sleep: (ms) => new Promise((resolve) => after(ms, resolve)),
    run: async (untilMs = Number.POSITIVE_INFINITY) => {
      await settled();
      for (let next = due[0]; next !== undefined && next.at <= untilMs; next = due[0]) {
        due.shift();
        now = next.at;
        next.act();
        await settled();
      }
    },
  };
}

/** Everything that only waits for promises has happened by the time the event loop comes to its immediates. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
