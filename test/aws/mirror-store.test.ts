import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateKey } from '../../functions/aws/dynamodb.ts';
import { dynamodbMirrorStore } from '../../functions/aws/mirror-store.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { EMPTY } from '../../functions/core/document.ts';
import { merge } from '../../functions/core/merge.ts';
import { Unreadable } from '../../functions/core/outcome.ts';
import { afterDrop, afterMatch, afterPush, type MirrorStore, UNKNOWN } from '../../functions/mirror/state.ts';
import { memoryMirrorStore } from '../memory/mirror-store.ts';
import { account, app, bind, token } from '../world/examples.ts';
import { type EmbeddedTable, embeddedTable, put } from './table.ts';

const [SHOP, CHAT] = [app().id, app('chat').id];
const PUSHED = afterPush(UNKNOWN, {
  accounts: ['alice', 'a#b:2'].map(account),
  change: { ms: 1_700_000_000_000, removes: true },
  nowMs: 1_700_000_000_005,
  isPushed: true,
  isNew: true,
});

let table: EmbeddedTable;
beforeAll(async () => {
  table = await embeddedTable();
});
afterAll(() => table.stop());

describe.each([
  ['in memory', () => memoryMirrorStore()],
  ['in DynamoDB', () => dynamodbMirrorStore(table)],
])('states %s', (where, make: () => MirrorStore) => {
  const name = (text: string) => token(`${where} ${text}`);

  test('states that were never written are unknown, with version 0', async () => {
    const nothing = { state: UNKNOWN, version: 0 };
    expect(await make().states(SHOP, [name('x'), name('y')])).toEqual([nothing, nothing]);
    expect(await make().states(SHOP, [])).toEqual([]);
  });

  test('states come back as written, in the order of the tokens', async () => {
    const store = make();
    const states = [PUSHED, afterDrop(PUSHED, 'unknownToken', 7), afterMatch(PUSHED, []), UNKNOWN];
    for (const [i, state] of states.entries()) expect(await store.writeState(SHOP, name(`t${i}`), state, 0)).toBe(true);
    const asked = ['t3', 't1', 't0', 't2'].map(name);
    expect(await store.states(SHOP, asked)).toEqual([3, 1, 0, 2].map((i) => ({ state: states[i], version: 1 })));
  });

  test('states are written only over the version that was read', async () => {
    const store = make();
    await store.writeState(SHOP, name('phone'), PUSHED, 0);
    for (const version of [0, 2]) expect(await store.writeState(SHOP, name('phone'), UNKNOWN, version)).toBe(false);
    expect(await store.states(SHOP, [name('phone')])).toEqual([{ state: PUSHED, version: 1 }]);
    expect(await store.writeState(SHOP, name('phone'), UNKNOWN, 1)).toBe(true);
    expect(await store.states(SHOP, [name('phone')])).toEqual([{ state: UNKNOWN, version: 2 }]);
  });

  test('states of one token in two apps are two states', async () => {
    const store = make();
    await store.writeState(SHOP, name('two'), PUSHED, 0);
    expect(await store.states(CHAT, [name('two')])).toEqual([{ state: UNKNOWN, version: 0 }]);
  });
});

test('a state and the document of its token are two items, neither taken for the other', async () => {
  const [registry, states] = [dynamodbRegistryStore(table), dynamodbMirrorStore(table)];
  const ref = { app: SHOP, token: token('both') };
  await states.writeState(SHOP, ref.token, PUSHED, 0);
  expect(await registry.documents([ref])).toEqual([undefined]);
  const document = merge(EMPTY, [bind(1, ['alice'])]);
  await registry.write(ref, document, 0);
  expect(await registry.documents([ref])).toEqual([{ document, version: 1 }]);
  expect(await states.states(SHOP, [ref.token])).toEqual([{ state: PUSHED, version: 1 }]);
});

test('a state that cannot be read is unavailable', async () => {
  await put(table, { ...stateKey({ app: SHOP, token: token('bad') }), version: 1, seen: 'alice' });
  await expect(dynamodbMirrorStore(table).states(SHOP, [token('bad')])).rejects.toThrow(new Unreadable());
});
