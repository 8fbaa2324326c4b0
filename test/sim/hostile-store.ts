import type { Token } from '../../functions/core/account.ts';
import { expiryOf } from '../../functions/core/merge.ts';
import { orUnavailable, Unreadable } from '../../functions/core/outcome.ts';
import { inRounds } from '../../functions/core/parallel.ts';
import type { RegistryStore, Stored, TokenRef } from '../../functions/core/store.ts';
import type { MirrorState, MirrorStore } from '../../functions/mirror/state.ts';
import type { SweepStore } from '../../functions/sweep/store.ts';
import { memoryRegistryStore, NOT_STORED, tokenKey } from '../memory/registry-store.ts';
import { type Process, requested, type Surroundings } from './network.ts';
import { present } from './random.ts';

/** Requests of a process to the store. `onFailure`: called for each that fails. */
const requester =
  (surroundings: Surroundings, process: Process, onFailure = () => {}) =>
  <R>(...parts: (() => Promise<R>)[]): Promise<R[]> => {
    const answer = requested(surroundings, process, 'store', parts);
    answer.catch(onFailure);
    return answer;
  };

/**
 * A registry store as one process sees it over a network that delays, loses and repeats, from a machine that may die. It
 * keeps what DynamoDB promises and nothing more: an item is read and written atomically, a list of items is not.
 */
export function hostileStore(
  inner: RegistryStore,
  surroundings: Surroundings,
  process: Process,
  onFailure = () => {},
): RegistryStore {
  const request = requester(surroundings, process, onFailure);
  /** One item may be of another version, whatever its neighbours are. */
  const item = async <R>(read: () => Promise<R>): Promise<R | Unreadable> => {
    if (!surroundings.faults.strike('store has an item of another version')) return read();
    onFailure();
    return new Unreadable();
  };
  /** Writes of a batch. Each may fail alone, and the answer then does not say whether it was made. */
  const each = async <R, T extends object>(writes: readonly T[], write: (one: T) => Promise<R>) => {
    const { strike } = surroundings.faults;
    const part = (one: T) => async () => {
      if (strike('store refuses')) return undefined;
      const result = await write(one);
      return strike('store loses an answer') ? undefined : result;
    };
    const answer = await orUnavailable(() => request(...writes.map(part)));
    return writes.map((_, i) => (Array.isArray(answer) ? answer[i] : undefined));
  };
  return {
    documents: (tokens, reads) =>
      batch(surroundings, request, tokens, undefined, (ref) =>
        item(async () => (await inner.documents([ref], reads))[0]),
      ),
    watermarks: (accounts) =>
      batch(surroundings, request, accounts, NOT_STORED, (ref) =>
        item(async () => present((await inner.watermarks([ref]))[0])),
      ),
    write: async (...parameters) => (await request(() => inner.write(...parameters)))[0] ?? { winner: undefined },
    raisePointer: async (...parameters) => {
      await request(() => inner.raisePointer(...parameters));
    },
    writeAll: (writes) => each(writes, ({ ref, document, version }) => inner.write(ref, document, version)),
    raisePointers: async (pointers) => {
      const raised = await each(pointers, async ({ account, token, edge }) => {
        await inner.raisePointer(account, token, edge);
        return true;
      });
      return raised.map((one) => one === true);
    },
    writeWatermark: async (...parameters) => present((await request(() => inner.writeWatermark(...parameters)))[0]),
    newestLogin: async (installation) => (await request(() => inner.newestLogin(installation)))[0],
    writeNewestLogin: async (...parameters) => present((await request(() => inner.writeNewestLogin(...parameters)))[0]),
    pointers: async (...parameters) => {
      // Small pages, each a request of its own.
      const [{ pointers, next } = { pointers: [] }] = await request(() => inner.pointers(...parameters));
      const page = pointers.slice(0, 1 + surroundings.random.below(3));
      return { pointers: page, next: page.length < pointers.length ? page.at(-1)?.token : next };
    },
  };
}

/** A batch of reads, of which the store leaves some to the next request, as DynamoDB does with `UnprocessedKeys`. */
async function batch<T, R>(
  { timeline, random, faults }: Surroundings,
  request: ReturnType<typeof requester>,
  refs: readonly T[],
  otherwise: NoInfer<R>,
  read: (ref: T) => Promise<R>,
): Promise<R[]> {
  const found = refs.map(() => otherwise);
  const ask = async (places: readonly number[]) => {
    const left = places.filter(() => faults.strike('store leaves keys unprocessed'));
    const taken = places.filter((place) => !left.includes(place));
    const part = (place: number) => async () => {
      found[place] = await read(present(refs[place]));
    };
    await request(...taken.map(part));
    return left;
  };
  const pause = (round: number) => timeline.sleep(random.next() * 2 ** round * 10);
  await inRounds([...refs.keys()], ask, pause, 'UnprocessedKeys');
  return found;
}

/** A sweep store as one process sees it over the same network: a list of items is not read at once. */
export function hostileSweepStore(inner: SweepStore, surroundings: Surroundings, process: Process): SweepStore {
  const request = requester(surroundings, process);
  const one = async <R>(part: () => Promise<R>, otherwise: R): Promise<R> => (await request(part))[0] ?? otherwise;
  return {
    ...inner,
    page: (after) => one(() => inner.page(after), { items: [] }),
    glimpse: (tokens) => request(...tokens.map((ref) => async () => (await inner.glimpse([ref]))[0])),
    hasPointers: (account) => one(() => inner.hasPointers(account), true),
    deletePointer: (...parameters) => one(() => inner.deletePointer(...parameters), false),
    noteIdle: (...parameters) => one(() => inner.noteIdle(...parameters), false),
    deleteWatermark: (...parameters) => one(() => inner.deleteWatermark(...parameters), false),
    deleteLogin: (...parameters) => one(() => inner.deleteLogin(...parameters), false),
  };
}

/** Called with each state at the moment from which it is stored, and with the one it took the place of. */
export type OnState = (token: Token, state: MirrorState, before: MirrorState) => void;

/** Mirror states as one process sees them over the same network. After a failure it may have written nothing down. */
export function hostileMirrorStore(
  inner: MirrorStore,
  surroundings: Surroundings,
  process: Process,
  { onState, onFailure }: { readonly onState: OnState; readonly onFailure: () => void },
): MirrorStore {
  const request = requester(surroundings, process, onFailure);
  return {
    states: (app, tokens) =>
      request(...tokens.map((token) => async () => present((await inner.states(app, [token]))[0]))),
    writeState: async (app, token, state, version) => {
      const write = async () => {
        const before = present((await inner.states(app, [token]))[0]);
        const isWritten = await inner.writeState(app, token, state, version);
        if (isWritten) onState(token, state, before.state);
        return isWritten;
      };
      return present((await request(write))[0]);
    },
  };
}

/**
 * A store that deletes expired documents some time after they have expired, as DynamoDB's time to live does. `strikes`
 * decides, at each look at an expired document, whether it is gone.
 */
export function forgetfulStore(now: () => number, strikes: () => boolean): RegistryStore {
  const documents = new Map<string, Stored>();
  const inner = memoryRegistryStore(documents);
  const look = (ref: TokenRef) => {
    const stored = documents.get(tokenKey(ref));
    const expiry = stored && expiryOf(stored.document);
    if (expiry !== undefined && expiry < now() && strikes()) documents.delete(tokenKey(ref));
  };
  return {
    ...inner,
    documents: (tokens) => {
      tokens.forEach(look);
      return inner.documents(tokens);
    },
    write: (ref, document, version) => {
      look(ref);
      return inner.write(ref, document, version);
    },
  };
}
