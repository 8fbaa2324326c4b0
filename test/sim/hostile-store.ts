import { Unavailable } from '../../functions/core/outcome.ts';
import type { Pointer, RegistryStore } from '../../functions/core/registry-store.ts';
import type { Fault, Faults } from './faults.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export type Surroundings = { readonly timeline: Timeline; readonly random: Random; readonly faults: Faults };

/** How long a client waits for an answer (ms). */
const TIMEOUT_MS = 1_000;

/** Faults after which no answer comes, and whether what was asked happens all the same. */
const UNANSWERED: readonly (readonly [Fault, 'never' | 'in time' | 'late'])[] = [
  ['store refuses', 'never'],
  ['store loses a request', 'never'],
  ['store loses an answer', 'in time'],
  ['store applies late', 'late'],
];

/**
 * A registry store as one process sees it over a network that delays, loses and repeats, from a machine that may die. It
 * keeps what DynamoDB promises and nothing more: an item is read and written atomically, a list of items is not.
 */
export function hostileStore(inner: RegistryStore, surroundings: Surroundings, process: Process): RegistryStore {
  const request = <R>(...parts: (() => Promise<R>)[]) => requested(surroundings, process, parts);
  return {
    documents: (tokens) => request(...tokens.map((ref) => async () => (await inner.documents([ref]))[0])),
    clears: (accounts) => request(...accounts.map((ref) => async () => (await inner.clears([ref]))[0] ?? '')),
    write: async (...parameters) => (await request(() => inner.write(...parameters)))[0] ?? { winner: undefined },
    raisePointer: async (...parameters) => {
      await request(() => inner.raisePointer(...parameters));
    },
    raiseClear: async (...parameters) => {
      await request(() => inner.raiseClear(...parameters));
    },
    pointers: async (account) => {
      // Pages in the order of the keys, each a request of its own.
      const found: Pointer[] = [];
      for (;;) {
        const last = found.at(-1)?.token ?? '';
        const [all = []] = await request(() => inner.pointers(account));
        const rest = all.filter(({ token }) => token > last).sort((a, b) => (a.token < b.token ? -1 : 1));
        const page = 1 + surroundings.random.below(3);
        found.push(...rest.slice(0, page));
        if (rest.length <= page) return found;
      }
    },
  };
}

/** One request, made of parts that happen each at its own moment. */
async function requested<R>(
  { timeline, random, faults }: Surroundings,
  process: Process,
  parts: readonly (() => Promise<R>)[],
): Promise<R[]> {
  if (parts.length === 0) return [];
  if (faults.strike('process crashes')) {
    process.die();
    // What it was about to ask may have left just before.
    if (random.chance(0.5)) return process.survives().then(() => []);
  }
  const travelMs = random.logUniform(0.5, faults.strike('store is slow') ? TIMEOUT_MS : 8);
  const [fault, happens] = UNANSWERED.find(([fault]) => faults.strike(fault)) ?? [undefined, 'in time'];
  const effectMs = happens === 'late' ? TIMEOUT_MS + random.logUniform(1, 30_000) : travelMs;
  const results =
    happens === 'never' ? [] : parts.map((part) => happening(part, effectMs + random.next() * (parts.length - 1)));
  if (fault === undefined) {
    const answer = await Promise.all(results);
    await timeline.sleep(travelMs / 2);
    await process.survives();
    return answer;
  }
  await timeline.sleep(fault === 'store refuses' ? travelMs : TIMEOUT_MS);
  await process.survives();
  throw new Unavailable(fault);

  function happening(part: () => Promise<R>, inMs: number): Promise<R> {
    return new Promise((resolve, reject) => timeline.after(inMs, () => void part().then(resolve, reject)));
  }
}
