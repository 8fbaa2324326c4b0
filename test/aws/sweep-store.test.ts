import { marshall } from '@aws-sdk/util-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { batchGet, clearKey, documentKey, type Key, stateKey } from '../../functions/aws/dynamodb.ts';
import { dynamodbMirrorStore } from '../../functions/aws/mirror-store.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { dynamodbSweepStore } from '../../functions/aws/sweep-store.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { HORIZON_MS, LATENESS_MS } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { sweep } from '../../functions/sweep/sweep.ts';
import { watermarkOf } from '../memory/registry-store.ts';
import { account, app, moved, override, token, unbindAll, unbindEverywhere } from '../world/examples.ts';
import { type EmbeddedTable, embeddedTable, put } from './table.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const DAY_MS = 86_400_000;
const LOGINS = 50;

let table: EmbeddedTable;
let registry: RegistryStore;
beforeEach(async () => {
  table = await embeddedTable();
  registry = dynamodbRegistryStore(table);
});
afterEach(() => table.stop());

const addLater = (key: Key) =>
  table.client.call('UpdateItem', {
    TableName: table.name,
    Key: marshall(key),
    UpdateExpression: 'SET later = :later',
    ExpressionAttributeValues: marshall({ ':later': 'kept' }),
  });

const apply = (...operations: Operation[]) =>
  applyAll({ store: registry, now: () => NOW, pause: async () => {} }, operations);

/** DynamoDB bills a query that finds nothing as the least it can, the embedded one as nothing. */
const EMPTY = expect.any(Number);

/** A pass at that time: what it did, and the calls it made without those for the pass itself, summed by name. */
async function passAt(nowMs: number) {
  const ports = {
    registry,
    states: dynamodbMirrorStore(table),
    store: dynamodbSweepStore(table),
    mirrored: new Set([app().id]),
    check: async () => {},
    now: () => nowMs,
    hasTime: () => true,
    chance: () => 0.5,
  };
  table.calls.length = 0;
  const swept = await sweep(ports);
  const [read, ...rest] = table.calls;
  const calls = Map.groupBy(rest.slice(0, -1), ({ name }) => name);
  expect([read, rest.at(-1)]).toEqual([
    { name: 'GetItem', units: expect.any(Number) },
    { name: 'UpdateItem', units: 1 },
  ]);
  const units = [...calls].map(([name, all]) => [name, all.reduce((sum, call) => sum + call.units, 0)]);
  return { swept, units: Object.fromEntries(units) };
}

const logins = Array.from({ length: LOGINS }, (_, i) => moved(override(NOW, [`user-${i}`]), `phone-${i}`));

test('a pass over young logins costs the scan, a unit for 8 KB', async () => {
  await apply(...logins);
  const { swept, units } = await passAt(NOW + DAY_MS);
  expect(swept).toMatchObject({ kind: 'done', scanned: 2 * LOGINS });
  expect(Object.keys(units)).toEqual(['Scan']);
  expect(units['Scan'] / (2 * LOGINS)).toBeLessThan(0.03);
});

test('a pass over older logins costs half a unit more for each pointer', async () => {
  await apply(...logins);
  const { swept, units } = await passAt(NOW + HORIZON_MS + 1);
  expect(swept).toMatchObject({ folded: 0, pointers: 0 });
  expect(units).toEqual({ Scan: expect.any(Number), BatchGetItem: LOGINS / 2 });
});

test('a deleted pointer costs a read and a delete, once', async () => {
  await apply(...logins);
  await apply(...Array.from({ length: LOGINS }, (_, i) => moved(unbindAll(NOW + 1), `phone-${i}`)));
  const { swept, units } = await passAt(NOW + HORIZON_MS + 1);
  expect(swept).toMatchObject({ folded: 0, pointers: LOGINS });
  expect(units).toEqual({
    Scan: expect.any(Number),
    BatchGetItem: LOGINS / 2,
    GetItem: LOGINS,
    DeleteItem: LOGINS,
  });
});

test('a token of a deleted account costs a read, a write of its document and a delete, once', async () => {
  await apply(...logins);
  await apply(...Array.from({ length: LOGINS }, (_, i) => unbindEverywhere(NOW + 1, `user-${i}`)));
  const { swept, units } = await passAt(NOW + HORIZON_MS + 1);
  expect(swept).toMatchObject({ folded: LOGINS, pointers: LOGINS, watermarks: 0 });
  expect(units).toEqual({
    Scan: expect.any(Number),
    BatchGetItem: LOGINS / 2,
    GetItem: LOGINS,
    UpdateItem: LOGINS,
    DeleteItem: LOGINS,
  });
});

test('a deleted watermark costs a query and a write, and a day later a query and a delete', async () => {
  await apply(...Array.from({ length: 10 }, (_, i) => unbindEverywhere(NOW, `user-${i}`)));
  const past = NOW + HORIZON_MS + LATENESS_MS + 1;
  const first = await passAt(past);
  expect(first.units).toEqual({ Scan: expect.any(Number), Query: EMPTY, UpdateItem: 10 });
  const second = await passAt(past + DAY_MS);
  expect(second.swept.watermarks).toBe(10);
  expect(second.units).toEqual({ Scan: expect.any(Number), Query: EMPTY, DeleteItem: 10 });
});

test.each([
  ['of no known kind', { pk: 'X#1', sk: 'D' }],
  ['without an app', { pk: 'T#phone', sk: 'D', version: 1 }],
  ['of an account that is none', { pk: 'A#shop#alice', sk: 'T#phone', edge: 'x' }],
  ['of a later version of ours', { pk: 'T#shop#phone', sk: 'D', version: 'two' }],
  ['of an installation that is none', { pk: 'I#shop#mine', sk: 'N', token: 'phone', stamp: 'x' }],
  ['with a pointer to nothing', { pk: `A#shop#${'0'.repeat(32)}`, sk: 'T#', edge: 'x' }],
])('an unreadable item %s is counted and stays', async (_, Item) => {
  await put(table, Item);
  const { swept } = await passAt(NOW);
  expect(swept).toMatchObject({ kind: 'done', scanned: 1, unreadable: 1, folded: 0, pointers: 0, watermarks: 0 });
  expect((await dynamodbSweepStore(table).page(undefined)).items).toEqual([{ kind: 'unreadable' }]);
});

test('a table that does not answer is unavailable, and the reason has no names', async () => {
  const stopped = await embeddedTable();
  await stopped.stop();
  const store = dynamodbSweepStore(stopped);
  const after = JSON.stringify({ pk: 'T#shop#canary', sk: 'D' });
  await expect(store.page(after)).rejects.toThrow(Unavailable);
  await expect(store.page(after)).rejects.toThrow(/^(?!.*canary)\w+$/);
  await expect(store.hasPointers({ app: app().id, account: account('canary') })).rejects.toThrow(/^(?!.*canary)\w+$/);
});

test('attributes that this version does not know survive every write of it', async () => {
  const states = dynamodbMirrorStore(table);
  const ref = { app: app().id, token: token('phone') };
  const alice = { app: app().id, account: account('alice') };
  const state = { seen: [], pushedMs: 1, misses: 0 };
  await apply(unbindAll(NOW), unbindEverywhere(NOW, 'alice'));
  await states.writeState(ref.app, ref.token, { ...state, dropped: 'unknownToken' }, 0);
  const keys = [documentKey(ref), stateKey(ref), clearKey(alice)];
  for (const key of keys) await addLater(key);
  await apply(override(NOW + 1, ['alice']), unbindEverywhere(NOW + 2, 'alice'));
  await states.writeState(ref.app, ref.token, { ...state, seen: ['0#alice'] }, 1);
  await dynamodbSweepStore(table).noteIdle(alice, await watermarkOf(registry, alice), 5);
  const items = await batchGet(table, keys, 'strong');
  expect(items.map((item) => item?.['later'])).toEqual(['kept', 'kept', 'kept']);
  // Attributes that this version knows go as before.
  expect(Object.keys(items[0] ?? {}).sort()).toEqual(['clear', 'edges', 'later', 'pk', 'sk', 'version', 'written']);
  expect(items[1]).not.toHaveProperty('dropped');
  expect(items[1]).not.toHaveProperty('expires');
});

test('a document says when it was written, however old its events are', async () => {
  registry = dynamodbRegistryStore(table, 'strong', () => NOW);
  await apply(override(NOW - 10 * DAY_MS, ['alice']));
  const { items } = await dynamodbSweepStore(table).page(undefined);
  expect(items).toContainEqual(expect.objectContaining({ kind: 'document', writtenMs: NOW }));
});

test('a pointer is looked for with a strongly consistent read, or its watermark could go before it', async () => {
  await apply(override(NOW, ['alice']));
  table.calls.length = 0;
  await dynamodbSweepStore(table).hasPointers({ app: app().id, account: account('alice') });
  expect(table.calls).toEqual([{ name: 'Query', units: 1 }]);
});

const scanned = async () => {
  const { Items = [] } = await table.client.call('Scan', { TableName: table.name });
  return JSON.stringify(Items);
};

test('an unbind of an account in an app that never heard of it leaves no name in the table', async () => {
  await apply(unbindEverywhere(NOW, 'canary'));
  expect(await scanned()).toMatch(/#CLEAR/);
  expect(await scanned()).not.toContain('canary');
});

test('the name of a bound account is in its document, and in no key', async () => {
  await apply(override(NOW, ['canary']));
  const { items } = await dynamodbSweepStore(table).page(undefined);
  const named = items.filter((item) => JSON.stringify(item).includes('canary'));
  expect(named.map(({ kind }) => kind)).toEqual(['document']);
  expect((await scanned()).split('canary')).toHaveLength(2);
});
