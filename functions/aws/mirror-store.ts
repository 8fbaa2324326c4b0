import * as z from 'zod/mini';
import { HORIZON_MS } from '../core/merge.ts';
import { readable } from '../core/outcome.ts';
import { MirrorState, type MirrorStore, type StoredState, UNKNOWN } from '../mirror/state.ts';
import { batchGet, ifVersion, orUnreadable, stateKey, type Table, update } from './dynamodb.ts';

const StateItem = z.object({ version: z.int().check(z.gte(1)), ...MirrorState.shape });

/** Every part of a state, undefined: an attribute that the next state does not have is removed. */
const NOTHING = Object.fromEntries(Object.keys(MirrorState.shape).map((part) => [part, undefined]));

/** Stores mirror states in the registry's table: one item beside each token's document. */
export function dynamodbMirrorStore(table: Table): MirrorStore {
  return {
    states: async (app, tokens) => {
      const items = await batchGet(
        table,
        tokens.map((token) => stateKey({ app, token })),
        'strong',
      );
      return items.map(storedIn);
    },
    writeState: (app, token, state, version) => {
      const attributes = { ...NOTHING, ...state, version: version + 1, expires: expiryOf(state) };
      return update(table, stateKey({ app, token }), attributes, ifVersion(version));
    },
  };
}

/** Returns the state in an item; the unknown state if there is no item. Throws an `Unreadable`. */
export function storedIn(item: Record<string, unknown> | undefined): StoredState {
  if (item === undefined) return { state: UNKNOWN, version: 0 };
  const { version, ...state } = readable(orUnreadable(() => StateItem.parse(item)));
  return { version, state };
}

/** A state without accounts expires after the horizon (s since 1970). */
const expiryOf = ({ seen, pushedMs }: MirrorState): number | undefined =>
  seen.length === 0 ? Math.ceil((pushedMs + HORIZON_MS) / 1000) : undefined;
