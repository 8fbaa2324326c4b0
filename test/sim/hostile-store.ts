import type { Pointer, RegistryStore } from '../../functions/core/store.ts';
import { requested, type Surroundings } from './network.ts';
import type { Process } from './process.ts';

/**
 * A registry store as one process sees it over a network that delays, loses and repeats, from a machine that may die. It
 * keeps what DynamoDB promises and nothing more: an item is read and written atomically, a list of items is not.
 */
export function hostileStore(inner: RegistryStore, surroundings: Surroundings, process: Process): RegistryStore {
  const request = <R>(...parts: (() => Promise<R>)[]) => requested(surroundings, process, 'store', parts);
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
