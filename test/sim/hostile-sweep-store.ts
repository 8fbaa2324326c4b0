import type { SweepStore } from '../../functions/sweep/store.ts';
import { requested, type Surroundings } from './network.ts';
import { born, type Process } from './process.ts';

/** A sweep store as one process sees it over a network that delays, loses and repeats; a list of items is not read at once. */
export function hostileSweepStore(
  inner: SweepStore,
  surroundings: Surroundings,
  process: Process = born(),
): SweepStore {
  const request = <R>(...parts: (() => Promise<R>)[]) => requested(surroundings, process, 'store', parts);
  const one = async <R>(part: () => Promise<R>, otherwise: R): Promise<R> => (await request(part))[0] ?? otherwise;
  return {
    page: (after) => one(() => inner.page(after), { items: [] }),
    glimpse: (tokens) => request(...tokens.map((ref) => async () => (await inner.glimpse([ref]))[0])),
    hasPointers: (account) => one(() => inner.hasPointers(account), true),
    deletePointer: (...parameters) => one(() => inner.deletePointer(...parameters), false),
    noteIdle: (...parameters) => one(() => inner.noteIdle(...parameters), false),
    deleteClear: (...parameters) => one(() => inner.deleteClear(...parameters), false),
    pass: () => one(() => inner.pass(), { pass: undefined, version: 0 }),
    savePass: (...parameters) => one(() => inner.savePass(...parameters), false),
  };
}
