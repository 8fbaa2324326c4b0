import { accountKey } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { readable, Unavailable } from '../../functions/core/outcome.ts';
import type { Removal } from '../../functions/core/stamp.ts';
import {
  type AccountRef,
  firstVersion,
  type RegistryStore,
  type Stored,
  type TokenRef,
} from '../../functions/core/store.ts';

export const tokenKey = ({ app, token }: TokenRef) => `${app}#${token}`;
export const accountRefKey = ({ app, account }: AccountRef) => `${app}#${accountKey(account)}`;

/** An account's pointers: the edge for each token. */
type Pointers = Map<TokenRef['token'], string>;

/** The items of a memory registry: documents by `<app>#<token>`, pointers and watermarks by `<app>#<type>#<account>`. */
export type MemoryTable = {
  readonly documents: Map<string, Stored>;
  /** Tokens whose document cannot be read, by `<app>#<token>`. */
  readonly unreadable: Set<string>;
  readonly pointers: Map<string, Pointers>;
  readonly clears: Map<string, Removal>;
  /** When documents and watermarks were last written (ms since 1970), if the registry has a clock. */
  readonly written: Map<string, number>;
};

export const memoryTable = (documents = new Map<string, Stored>()): MemoryTable => ({
  documents,
  unreadable: new Set(),
  pointers: new Map(),
  clears: new Map(),
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
  unreadable.has(tokenKey(ref)) ? new Unavailable('unreadable item') : documents.get(tokenKey(ref));

/** A registry store over a shared memory table. */
export function memoryRegistryIn(table: MemoryTable, now?: () => number): RegistryStore {
  const { documents, pointers, clears } = table;
  const note = (name: string) => now && table.written.set(name, now());
  return {
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
    pointers: async (ref) => [...(pointers.get(accountRefKey(ref)) ?? [])].map(([token, edge]) => ({ token, edge })),
    raiseClear: async (ref, removal) => {
      if (removal <= (clears.get(accountRefKey(ref)) ?? '')) return;
      clears.set(accountRefKey(ref), removal);
      note(accountRefKey(ref));
    },
    clears: async (accounts) => accounts.map((ref) => clears.get(accountRefKey(ref)) ?? ''),
  };
}

/** A store after the operations, applied at second 1. */
export async function storeAfter(...operations: Operation[]): Promise<RegistryStore> {
  const store = memoryRegistryStore();
  await applyAll({ store, now: () => 1_000, pause: async () => {} }, operations);
  return store;
}
