import {
  firstVersion,
  type InstallationRef,
  type RegistryStore,
  type StampedLogin,
  type Stored,
  type TokenRef,
} from '../../functions/core/store.ts';
import { installationRefKey, tokenKey } from '../memory/registry-store.ts';
import type { Surroundings } from './network.ts';

/** An item's value, and the time (ms) since which it has it. */
type Past<T> = readonly { readonly at: number; readonly was: T }[];

export type History = {
  /** The store: what is written through it is remembered. */
  readonly store: RegistryStore;
  /** The items as they were so long ago (ms). */
  readonly ago: (ms: number) => Pick<RegistryStore, 'documents' | 'newestLogin'>;
};

/** A store that knows what it held before. Watermarks are always read as they are. */
export function remembered(inner: RegistryStore, now: () => number): History {
  const documents = new Map<string, Past<Stored>>();
  const logins = new Map<string, Past<StampedLogin>>();
  return {
    store: {
      ...inner,
      write: async (ref, document, version) => {
        const result = await inner.write(ref, document, version);
        const next = version === 0 ? firstVersion(document) : version + 1;
        const past = documents.get(tokenKey(ref)) ?? [];
        if (result === 'written')
          documents.set(tokenKey(ref), [...past, { at: now(), was: { document, version: next } }]);
        return result;
      },
      writeNewestLogin: async (ref, login, before) => {
        const result = await inner.writeNewestLogin(ref, login, before);
        const past = logins.get(installationRefKey(ref)) ?? [];
        if (result === 'written') logins.set(installationRefKey(ref), [...past, { at: now(), was: login }]);
        return result;
      },
    },
    ago: (ms) => {
      const at = now() - ms;
      const document = (ref: TokenRef) => asOf(documents.get(tokenKey(ref)), at, () => inner.documents([ref]));
      const newest = async (ref: InstallationRef) => [await inner.newestLogin(ref)];
      return {
        documents: (refs) => Promise.all(refs.map(document)),
        newestLogin: (ref) => asOf(logins.get(installationRefKey(ref)), at, () => newest(ref)),
      };
    },
  };
}

/** Returns the item's value at that time; the newest if it was not written since: it may have expired. */
async function asOf<T>(past: Past<T> = [], at: number, newest: () => Promise<(T | undefined)[]>) {
  const place = past.findLastIndex((one) => one.at <= at);
  return place === past.length - 1 ? (await newest())[0] : past[place]?.was;
}

/** The oldest that an eventually consistent read is (ms): DynamoDB says a second or less, as a rule. */
const OLDEST_MS = 10_000;

/** The store as eventually consistent reads show it: each item now and then as it lately was, each by itself. */
export function eventually(store: RegistryStore, past: History, { random, faults }: Surroundings): RegistryStore {
  const read = () => (faults.strike('store answers as it was') ? past.ago(random.logUniform(50, OLDEST_MS)) : store);
  return {
    ...store,
    documents: (refs, reads) => (reads === 'strong' ? store : read()).documents(refs),
    newestLogin: (ref) => read().newestLogin(ref),
  };
}
