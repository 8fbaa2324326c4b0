import { accountIn, tokenRefOf } from '../../functions/aws/dynamodb.ts';
import { installationRefOf } from '../../functions/aws/installation-item.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { AnyAccount, StoredWatermark } from '../../functions/core/store.ts';
import type { StoredState } from '../../functions/mirror/state.ts';
import type { Pass, SweepItem, SweepStore } from '../../functions/sweep/store.ts';
import { accountRefKey, documentIn, installationRefKey, type MemoryTable } from './registry-store.ts';

/** A sweep store over a memory registry and, by `<app>#<token>`, memory mirror states, in pages of `pageItems`. */
export function memorySweepStore(
  table: MemoryTable,
  states: ReadonlyMap<string, StoredState> = new Map(),
  pageItems = 1_000,
): SweepStore {
  const { pointers, watermarks, installations } = table;
  const idle = new Map<string, { version: number; ms: number }>();
  const isUnchanged = (ref: AnyAccount, { version }: StoredWatermark) =>
    watermarks.get(accountRefKey(ref))?.version === version;
  let saved: { pass: Pass | undefined; version: number } = { pass: undefined, version: 0 };
  return {
    page: async (after) => {
      const all = [...itemsOf(table, states, idle)].sort(([a], [b]) => (a < b ? -1 : 1));
      const rest = all.filter(([place]) => after === undefined || place > after);
      const page = rest.slice(0, pageItems);
      const next = rest.length > pageItems ? page.at(-1)?.[0] : undefined;
      return { items: page.map(([, item]) => item), ...(next !== undefined && { next }) };
    },
    glimpse: async (tokens) =>
      tokens.map((ref) => {
        const stored = documentIn(table, ref);
        return stored instanceof Unavailable ? stored : stored?.document;
      }),
    hasPointers: async (ref) => (pointers.get(accountRefKey(ref))?.size ?? 0) > 0,
    deletePointer: async (ref, token, edge) => {
      const known = pointers.get(accountRefKey(ref));
      return known?.get(token) === edge && known.delete(token);
    },
    noteIdle: async (ref, before, ms) => {
      if (!isUnchanged(ref, before)) return false;
      idle.set(accountRefKey(ref), { version: before.version, ms });
      return true;
    },
    deleteWatermark: async (ref, before) => {
      if (!isUnchanged(ref, before)) return false;
      idle.delete(accountRefKey(ref));
      return watermarks.delete(accountRefKey(ref));
    },
    deleteLogin: async (ref, login) =>
      installations.get(installationRefKey(ref))?.stamp === login.stamp &&
      installations.delete(installationRefKey(ref)),
    pass: async () => saved,
    savePass: async (pass, version) => {
      if (version !== saved.version) return false;
      saved = { pass, version: version + 1 };
      return true;
    },
  };
}

type Placed = readonly [place: string, item: SweepItem];

/**
 * Places as texts that sort as the items of a table's partitions do: the watermark before the pointers, the document before
 * the state.
 */
function* itemsOf(
  { documents, unreadable, pointers, watermarks, installations, written }: MemoryTable,
  states: ReadonlyMap<string, StoredState>,
  idle: ReadonlyMap<string, { readonly version: number; readonly ms: number }>,
): Generator<Placed> {
  const writtenMs = (name: string) => {
    const ms = written.get(name);
    return ms !== undefined && { writtenMs: ms };
  };
  for (const [name, stored] of watermarks) {
    const mark = idle.get(name);
    const idleMs = mark?.version === stored.version && { idleMs: mark.ms };
    yield [
      place('A', name, '#CLEAR'),
      { kind: 'watermark', ref: accountIn(`A#${name}`), stored, ...idleMs, ...writtenMs(name) },
    ];
  }
  for (const [name, known] of pointers)
    for (const [token, edge] of known)
      yield [place('A', name, `T#${token}`), { kind: 'pointer', ref: accountIn(`A#${name}`), token, edge }];
  for (const [name, stored] of documents)
    yield [place('T', name, 'D'), { kind: 'document', ref: tokenRefOf(`T#${name}`), stored, ...writtenMs(name) }];
  for (const name of unreadable) yield [place('T', name, 'D'), { kind: 'unreadable' }];
  for (const [name, stored] of states)
    yield [place('T', name, 'M'), { kind: 'state', ref: tokenRefOf(`T#${name}`), stored }];
  for (const [name, login] of installations)
    yield [place('I', name, 'N'), { kind: 'installation', ref: installationRefOf(`I#${name}`), login }];
}

/** Puts the length first, so that no name is a prefix of another. */
const place = (kind: string, name: string, item: string): string =>
  `${kind}${String(name.length).padStart(5, '0')}${name}#${item}`;
