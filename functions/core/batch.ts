import { isDeepStrictEqual } from 'node:util';
import { parseAccountKey } from './account.ts';
import { EMPTY, newBinds, type TokenDocument } from './document.ts';
import { horizonAt, merge } from './merge.ts';
import type { TokenOperation } from './operation.ts';
import { orUnavailable, Unavailable } from './outcome.ts';
import type { RegistryStore, Stored } from './store.ts';

type Read = Stored | undefined | Unavailable;

/** Operations of one token each. */
type Groups = readonly (readonly TokenOperation[])[];

/** Reads all documents in one call; undefined if it fails. Then each is read alone: one token does not stop the others. */
export async function readTogether(
  store: RegistryStore,
  groups: Groups,
  reads: 'strong' | undefined,
): Promise<Read[] | undefined> {
  const read = await orUnavailable(() =>
    store.documents(
      groups.flatMap((group) => group.slice(0, 1)),
      reads,
    ),
  );
  return Array.isArray(read) ? read : undefined;
}

/** A token's document with the operations in it, or what to go on from alone. */
type Begun = { readonly applied: TokenDocument } | { readonly stored: Read };

/**
 * Applies the operations of many tokens in few calls: all pointers first, then the documents that need them. A token
 * whose writes are not certain is left to the caller, which makes them alone.
 */
export async function applyTogether(
  { store, now }: { readonly store: RegistryStore; readonly now: () => number },
  groups: Groups,
  read: readonly Read[],
): Promise<Begun[]> {
  const horizon = horizonAt(now());
  const begun: Begun[] = read.map((stored) => ({ stored }));
  const changes = groups.flatMap((group, place) => {
    const [[ref], stored] = [group, read[place]];
    if (ref === undefined || stored instanceof Unavailable) return [];
    const document = merge(stored?.document ?? EMPTY, group, horizon);
    if (!isDeepStrictEqual(document, stored?.document ?? EMPTY))
      return [{ place, ref, stored, document, version: stored?.version ?? 0 }];
    begun[place] = { applied: document };
    return [];
  });
  // One token alone is as few calls, and they are the better known ones.
  if (changes.length < 2) return begun;
  const pointers = changes.flatMap(({ place, ref: { app, token }, stored, document }) =>
    newBinds(stored?.document, document).map(([account, edge]) => {
      const isKnown = stored !== undefined;
      return { place, account: { app, account: parseAccountKey(account) }, token, edge, isKnown };
    }),
  );
  const raised = pointers.length > 0 ? await store.raisePointers(pointers) : [];
  const bare = new Set(pointers.filter((_, i) => raised[i] !== true).map(({ place }) => place));
  const ready = changes.filter(({ place }) => !bare.has(place));
  const written = ready.length > 0 ? await store.writeAll(ready) : [];
  for (const [i, { place, document }] of ready.entries()) {
    const result = written[i];
    if (result !== undefined) begun[place] = result === 'written' ? { applied: document } : { stored: result.winner };
  }
  return begun;
}
