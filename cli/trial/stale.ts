import { setTimeout } from 'node:timers/promises';
import { type Bindings, bindingsAfter } from './events.ts';
import type { Progress } from './load.ts';
import type { Observer } from './observer.ts';

/** Time between two samples (ms). The result is exact to this. */
const SAMPLE_MS = 500;

/** The time for which the hosted API returned accounts that had lost the token. */
export class StaleTime {
  /** The sum over all bindings. */
  totalMs = 0;
  longestMs = 0;
  readonly #since = new Map<string, number>();
  #lastMs = performance.now();

  add(stale: ReadonlySet<string>, nowMs: number): void {
    for (const binding of this.#since.keys()) if (!stale.has(binding)) this.#since.delete(binding);
    for (const binding of stale) {
      const sinceMs = this.#since.get(binding) ?? this.#lastMs;
      this.#since.set(binding, sinceMs);
      this.totalMs += nowMs - this.#lastMs;
      this.longestMs = Math.max(this.longestMs, nowMs - sinceMs);
    }
    this.#lastMs = nowMs;
  }
}

/** Samples the hosted API until the signal aborts. */
export async function measureStale(
  observer: Observer,
  tokens: readonly string[],
  progress: Progress,
  signal: AbortSignal,
): Promise<StaleTime> {
  const time = new StaleTime();
  while (!signal.aborted) {
    const before = bindingsAfter(progress.sent.filter(({ app }) => app === observer.app).map(({ event }) => event));
    // A sample that a fault strikes is left out: the next one counts for both.
    const shown = await observer.hosted(tokens).catch(() => undefined);
    if (shown) time.add(staleIn(shown, before, bindingsAfter(progress.begun)), performance.now());
    await setTimeout(SAMPLE_MS, undefined, { signal }).catch(() => {});
  }
  return time;
}

/** Bindings in the answer that were right neither when the sample began nor when it ended. */
function staleIn(shown: Bindings, before: Bindings, after: Bindings): Set<string> {
  const stale = new Set<string>();
  for (const [token, accounts] of shown)
    for (const account of accounts)
      if (!before.get(token)?.has(account) && !after.get(token)?.has(account)) stale.add(`${token} ${account}`);
  return stale;
}
