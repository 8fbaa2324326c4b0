import { applyAll } from '../../functions/core/apply.ts';
import { UNMARKED } from '../../functions/core/document.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { readable, Unavailable, Unreadable } from '../../functions/core/outcome.ts';
import type { Removal } from '../../functions/core/stamp.ts';
import {
  type AccountRef,
  type AnyAccount,
  accountDigest,
  firstVersion,
  type InstallationRef,
  type RegistryStore,
  type StampedLogin,
  type Stored,
  type StoredWatermark,
  type TokenRef,
} from '../../functions/core/store.ts';

export const tokenKey = ({ app, token }: TokenRef) => `${app}#${token}`;
export const accountRefKey = (ref: AnyAccount) => `${ref.app}#${accountDigest(ref)}`;

export const installationRefKey = ({ app, installation }: InstallationRef) => `${app}#${installation}`;

/** An account's pointers: the edge for each token. */
type Pointers = Map<TokenRef['token'], string>;

/** The items of a memory registry: documents by `<app>#<token>`, pointers and watermarks by `<app>#<digest>`. */
export type MemoryTable = {
  readonly documents: Map<string, Stored>;
  /** Tokens whose document cannot be read, by `<app>#<token>`. */
  readonly unreadable: Set<string>;
  readonly pointers: Map<string, Pointers>;
  readonly watermarks: Map<string, StoredWatermark>;
  /** The newest logins of installations, by `<app>#<digest>`. */
  readonly installations: Map<string, StampedLogin>;
  /** When documents and watermarks were last written (ms since 1970), if the registry has a clock. */
  readonly written: Map<string, number>;
};

export const memoryTable = (documents = new Map<string, Stored>()): MemoryTable => ({
  documents,
  unreadable: new Set(),
  pointers: new Map(),
  watermarks: new Map(),
  installations: new Map(),
  written: new Map(),
});

/**
 * A registry store in memory, for tests and benchmarks. A caller that passes the map of documents, by `<app>#<token>`,
 * may delete some of them, as a table deletes expired ones.
 */
export function memoryRegistryStore(documents = new Map<string, Stored>()): RegistryStore {
  return memoryRegistryIn(memoryTable(documents));
}

export const documentIn = ({ documents, unreadable }: MemoryTable, ref: TokenRef) =>
  unreadable.has(tokenKey(ref)) ? new Unreadable() : documents.get(tokenKey(ref));

/** A registry store over a shared memory table. */
export function memoryRegistryIn(table: MemoryTable, now?: () => number): RegistryStore {
  const { documents, pointers, watermarks, installations } = table;
  const note = (name: string) => now && table.written.set(name, now());
  return manyOf({
    documents: async (tokens) => tokens.map((ref) => documentIn(table, ref)),
    write: async (ref, document, version) => {
      const winner = readable(documentIn(table, ref));
      if ((winner?.version ?? 0) !== version) return { winner };
      documents.set(tokenKey(ref), { document, version: version === 0 ? firstVersion(document) : version + 1 });
      note(tokenKey(ref));
      return 'written';
    },
    raisePointer: async (ref, token, edge) => {
      const known: Pointers = pointers.get(accountRefKey(ref)) ?? new Map();
      pointers.set(accountRefKey(ref), known);
      if (edge > (known.get(token) ?? '')) known.set(token, edge);
    },
    pointers: async (ref, after, most = POINTERS_A_PAGE) => {
      const known = [...(pointers.get(accountRefKey(ref)) ?? [])].map(([token, edge]) => ({ token, edge }));
      const rest = known
        .filter(({ token }) => after === undefined || token > after)
        .sort((a, b) => (a.token < b.token ? -1 : 1));
      const page = rest.slice(0, Math.min(most, POINTERS_A_PAGE));
      return { pointers: page, next: rest.length > page.length ? page.at(-1)?.token : undefined };
    },
    watermarks: async (accounts) => accounts.map((ref) => watermarks.get(accountRefKey(ref)) ?? NOT_STORED),
    writeWatermark: async (ref, watermark, before) => {
      const winner = watermarks.get(accountRefKey(ref)) ?? NOT_STORED;
      if (winner.version !== before.version) return { winner };
      const version = before.version === 0 ? firstVersion(watermark) : before.version + 1;
      watermarks.set(accountRefKey(ref), { watermark, version });
      note(accountRefKey(ref));
      return 'written';
    },
    newestLogin: async (ref) => installations.get(installationRefKey(ref)),
    writeNewestLogin: async (ref, login, before) => {
      const winner = installations.get(installationRefKey(ref));
      if (winner?.stamp !== before?.stamp) return { winner };
      installations.set(installationRefKey(ref), login);
      return 'written';
    },
  });
}

/** The store with the calls for many, made of its calls for one. */
export function manyOf(store: Omit<RegistryStore, 'writeAll' | 'raisePointers'>): RegistryStore {
  const each = <T>(calls: readonly Promise<T>[]) =>
    Promise.all(calls.map((call) => call.catch((error) => (error instanceof Unavailable ? undefined : raise(error)))));
  return {
    ...store,
    writeAll: (writes) => each(writes.map(({ ref, document, version }) => store.write(ref, document, version))),
    raisePointers: async (pointers) => {
      const raised = pointers.map(({ account, token, edge }) =>
        store.raisePointer(account, token, edge).then(() => true),
      );
      return (await each(raised)).map((one) => one === true);
    },
  };
}

function raise(error: unknown): never {
  throw error;
}

/** Small, so that tests with a few tokens meet several pages. */
const POINTERS_A_PAGE = 64;

export const NOT_STORED: StoredWatermark = { watermark: UNMARKED, version: 0 };

/** The watermark of one account; version 0 if there is none. */
export const watermarkOf = async (store: RegistryStore, ref: AccountRef) =>
  readable((await store.watermarks([ref]))[0]) ?? NOT_STORED;

/** Signs the account out everywhere at a moment; does nothing if it was signed out then or later. */
export async function raiseRemoval(store: RegistryStore, ref: AccountRef, removal: Removal): Promise<void> {
  const before = await watermarkOf(store, ref);
  if (removal > before.watermark.removal) await store.writeWatermark(ref, { ...before.watermark, removal }, before);
}

/** The newest sign-out everywhere of each account. */
export const removalsOf = async (store: RegistryStore, refs: readonly AccountRef[]): Promise<Removal[]> =>
  (await store.watermarks(refs)).map((one) => readable(one).watermark.removal);

/** A store after the operations, applied at second 1. */
export async function storeAfter(...operations: Operation[]): Promise<RegistryStore> {
  const store = memoryRegistryStore();
  await applyAll({ store, now: () => 1_000, pause: async () => {} }, operations);
  return store;
}
