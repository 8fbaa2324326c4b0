import { accountKey } from '../core/account.ts';
import {
  type AccountRef,
  firstVersion,
  type RegistryStore,
  type Stored,
  type TokenRef,
} from '../core/registry-store.ts';

const tokenKey = ({ app, token }: TokenRef) => `${app}#${token}`;
const accountRefKey = ({ app, account }: AccountRef) => `${app}#${accountKey(account)}`;

/**
 * A registry store in this process's memory, for tests and for measuring: it forgets everything when the process ends.
 * Whoever gives the map of documents, by `<app>#<token>`, may take some away, as a table does with expired ones.
 */
export function memoryRegistryStore(documents = new Map<string, Stored>()): RegistryStore {
  const pointers = new Map<string, Map<TokenRef['token'], string>>();
  const clears = new Map<string, string>();
  return {
    documents: async (tokens) => tokens.map((ref) => documents.get(tokenKey(ref))),
    write: async (ref, document, version) => {
      const winner = documents.get(tokenKey(ref));
      if ((winner?.version ?? 0) !== version) return { winner };
      documents.set(tokenKey(ref), { document, version: version === 0 ? firstVersion(document) : version + 1 });
      return 'written';
    },
    raisePointer: async (ref, token, edge) => {
      const known = pointers.get(accountRefKey(ref)) ?? new Map<TokenRef['token'], string>();
      pointers.set(accountRefKey(ref), known);
      if (edge > (known.get(token) ?? '')) known.set(token, edge);
    },
    pointers: async (ref) => [...(pointers.get(accountRefKey(ref)) ?? [])].map(([token, edge]) => ({ token, edge })),
    raiseClear: async (ref, removal) => {
      if (removal > (clears.get(accountRefKey(ref)) ?? '')) clears.set(accountRefKey(ref), removal);
    },
    clears: async (accounts) => accounts.map((ref) => clears.get(accountRefKey(ref)) ?? ''),
  };
}
