import { setTimeout } from 'node:timers/promises';
import { type Held, heldAfter } from './events.ts';
import type { Progress } from './run.ts';
import type { Sides } from './sides.ts';

/** Between two looks at the hosted side (ms): what is measured is right by so much. */
const SAMPLE_MS = 500;

/** How long accounts were shown by the hosted side after they had lost the token. */
export class Exposure {
  /** All of them together. */
  totalMs = 0;
  longestMs = 0;
  readonly #since = new Map<string, number>();
  #lastMs = performance.now();

  note(leaks: ReadonlySet<string>, nowMs: number): void {
    for (const leak of this.#since.keys()) if (!leaks.has(leak)) this.#since.delete(leak);
    for (const leak of leaks) {
      const sinceMs = this.#since.get(leak) ?? this.#lastMs;
      this.#since.set(leak, sinceMs);
      this.totalMs += nowMs - this.#lastMs;
      this.longestMs = Math.max(this.longestMs, nowMs - sinceMs);
    }
    this.#lastMs = nowMs;
  }
}

/** Looks at the hosted side until told to stop. */
export async function watchExposure(
  sides: Sides,
  tokens: readonly string[],
  progress: Progress,
  isOver: () => boolean,
): Promise<Exposure> {
  const exposure = new Exposure();
  while (!isOver()) {
    const before = heldAfter(progress.sent.filter(({ app }) => app === sides.app).map(({ event }) => event));
    // A look that a fault strikes is left out: the next one counts for both.
    const shown = await sides.hosted(tokens).catch(() => undefined);
    if (shown) exposure.note(leaksIn(shown, before, heldAfter(progress.begun)), performance.now());
    await setTimeout(SAMPLE_MS);
  }
  return exposure;
}

/** What is shown and was not so when the look began, nor when it was over. */
function leaksIn(shown: Held, before: Held, after: Held): Set<string> {
  const leaks = new Set<string>();
  for (const [token, accounts] of shown)
    for (const account of accounts)
      if (!before.get(token)?.has(account) && !after.get(token)?.has(account)) leaks.add(`${token} ${account}`);
  return leaks;
}
