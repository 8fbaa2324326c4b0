/** Whether a side that keeps failing is worth a call. Counts what it hears; several callers may share one. */
export type Breaker = {
  /** 0: call. Otherwise for how long (ms) not to. Whoever is let through while it is half open is the probe. */
  readonly waitMs: () => number;
  /** The same for whoever only wants to know: nobody becomes the probe. */
  readonly heldMs: () => number;
  readonly succeeded: () => void;
  /** `retryAfterMs`: what the other side asked for. */
  readonly failed: (retryAfterMs?: number) => void;
  /** The other side will refuse every call until a person does something. */
  readonly stopped: () => void;
  readonly state: () => 'closed' | 'open' | 'half-open' | 'stopped';
};

/** Failures in a row before calls are held back. */
const FAILURES = 5;

/** How long they are held back at first, and at most, while one probe a period goes through (ms). */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** How often a side that refuses the credential is tried again (ms): secrets are read anew that often too. */
const STOPPED_MS = 300_000;

/**
 * A circuit breaker with full jitter (Nygard, "Release It!"). One instance counts for itself: with few instances each
 * finds out after a few calls, and what outlives an instance is the wait of each message, which the queue keeps.
 */
export function breaker({ now, random }: { now: () => number; random: () => number }): Breaker {
  let failures = 0;
  let closedUntil = 0;
  let isStopped = false;
  const hold = (ms: number) => {
    closedUntil = Math.max(closedUntil, now() + ms);
  };
  const heldMs = () => Math.max(0, closedUntil - now());
  return {
    heldMs,
    waitMs: () => {
      const wait = heldMs();
      if (wait > 0) return wait;
      if (failures >= FAILURES || isStopped) hold(PROBE_MS);
      return 0;
    },
    succeeded: () => {
      failures = 0;
      closedUntil = 0;
      isStopped = false;
    },
    failed: (retryAfterMs = 0) => {
      failures++;
      const period = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - FAILURES));
      if (failures >= FAILURES) hold(period / 2 + (random() * period) / 2);
      hold(Math.min(retryAfterMs, LONGEST_MS));
    },
    stopped: () => {
      isStopped = true;
      hold(STOPPED_MS);
    },
    state: () => {
      if (isStopped) return 'stopped';
      if (failures < FAILURES) return 'closed';
      return closedUntil > now() ? 'open' : 'half-open';
    },
  };
}

/** Longer than a call may take (ms): while a probe is under way nobody else goes. */
const PROBE_MS = 6_000;
