import { expiryOf } from '../../functions/core/merge.ts';
import type { RegistryStore, Stored, TokenRef } from '../../functions/core/store.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';

/**
 * A store that deletes expired documents some time after they have expired, as DynamoDB's time to live does. `strikes`
 * decides, at each look at an expired document, whether it is gone.
 */
export function forgetfulStore(now: () => number, strikes: () => boolean): RegistryStore {
  const documents = new Map<string, Stored>();
  const inner = memoryRegistryStore(documents);
  const look = ({ app, token }: TokenRef) => {
    const name = `${app}#${token}`;
    const stored = documents.get(name);
    const expiry = stored && expiryOf(stored.document);
    if (expiry !== undefined && expiry < now() && strikes()) documents.delete(name);
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
