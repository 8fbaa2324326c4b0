import type { BatchStatementRequest } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EmbeddedTable, embeddedTable, put } from '../aws/table.ts';

let table: EmbeddedTable;
let place = 0;
let key: { pk: string; sk: string };
beforeAll(async () => {
  table = await embeddedTable();
});
afterAll(() => table.stop());
beforeEach(() => {
  key = { pk: `p${place++}`, sk: 's' };
});

const statement = (Statement: string, ...values: unknown[]): BatchStatementRequest => ({
  Statement,
  Parameters: values.map((value) => marshall({ value })['value'] ?? { NULL: true }),
});
const insert = (pk = key.pk) =>
  statement(`INSERT INTO "registry" VALUE {'pk': ?, 'sk': ?, 'edge': ?, 'version': ?}`, pk, 's', 'b', 1);
const raise = (edge: string) =>
  statement('UPDATE "registry" SET "edge"=? WHERE "pk"=? AND "sk"=? AND "edge"<?', edge, key.pk, key.sk, edge);

const batch = async (...Statements: BatchStatementRequest[]) =>
  (await table.client.call('BatchExecuteStatement', { Statements })).Responses;
const item = async () => {
  const { Item } = await table.client.call('GetItem', { TableName: 'registry', Key: marshall(key) });
  return Item && unmarshall(Item);
};
const failed = (Code: string) => ({ TableName: 'registry', Error: expect.objectContaining({ Code }) });

// Documented: PartiQL insert statements for DynamoDB.
test('an insert makes a new item, and a second one is a duplicate that changes nothing', async () => {
  expect(await batch(insert())).toEqual([{ TableName: 'registry' }]);
  expect(await item()).toEqual({ ...key, edge: 'b', version: 1 });
  await batch(raise('c'));
  expect(await batch(insert())).toEqual([failed('DuplicateItem')]);
  expect(await item()).toMatchObject({ edge: 'c' });
});

// Documented: PartiQL update statements for DynamoDB.
test('an update sets and removes what it names, only while its condition is true, and leaves all else', async () => {
  await put(table, { ...key, version: 3, floor: 'f', later: 'version' });
  const write = (version: number) =>
    statement(
      'UPDATE "registry" SET "version"=? SET "edges"=? REMOVE "floor" REMOVE "ended" WHERE "pk"=? AND "sk"=? AND "version"=?',
      ...[version + 1, { a: 'x' }, key.pk, key.sk, version],
    );
  expect(await batch(write(2))).toEqual([failed('ConditionalCheckFailed')]);
  expect(await batch(write(3))).toEqual([{ TableName: 'registry' }]);
  expect(await item()).toEqual({ ...key, version: 4, edges: { a: 'x' }, later: 'version' });
});

test('an update makes no item', async () => {
  expect(await batch(raise('c'))).toEqual([failed('ConditionalCheckFailed')]);
  expect(await item()).toBeUndefined();
});

test('a batch answers each statement for itself, in order, and one that fails stops no other', async () => {
  await put(table, { ...key, edge: 'x' });
  const others = [`${key.pk}-1`, `${key.pk}-2`].map(insert);
  expect(await batch(...others.slice(0, 1), raise('a'), ...others.slice(1))).toEqual([
    { TableName: 'registry' },
    failed('ConditionalCheckFailed'),
    { TableName: 'registry' },
  ]);
});

// Documented: BatchStatementError.
test('an update that fails its condition returns the item if it is asked for', async () => {
  await put(table, { ...key, edge: 'x' });
  const [response] = (await batch({ ...raise('a'), ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })) ?? [];
  expect(response?.Error).toMatchObject({ Code: 'ConditionalCheckFailed', Item: marshall({ ...key, edge: 'x' }) });
});

test('a single update that fails its condition returns the item if it is asked for', async () => {
  await put(table, { ...key, edge: 'x' });
  const update = (returned?: 'ALL_OLD') =>
    table.client.attempt(
      'UpdateItem',
      {
        TableName: 'registry',
        Key: marshall(key),
        UpdateExpression: 'SET edge = :edge',
        ConditionExpression: 'edge < :edge',
        ExpressionAttributeValues: marshall({ ':edge': 'a' }),
        ...(returned && { ReturnValuesOnConditionCheckFailure: returned }),
      },
      'ConditionalCheckFailedException',
    );
  expect(await update('ALL_OLD')).toMatchObject({ details: { Item: marshall({ ...key, edge: 'x' }) } });
  expect(await update()).toMatchObject({ details: expect.not.objectContaining({ Item: expect.anything() }) });
});

test('a batch costs the units of its writes', async () => {
  await put(table, { ...key, edge: 'a' });
  table.calls.length = 0;
  await batch(raise('c'), insert(`${key.pk}-1`));
  expect(table.calls).toEqual([{ name: 'BatchExecuteStatement', units: 2 }]);
});

describe('a batch is refused as a whole', () => {
  test.each<[string, () => BatchStatementRequest[]]>([
    ['without statements', () => []],
    ['with more than 25 statements', () => Array.from({ length: 26 }, (_, i) => insert(`${key.pk}-${i}`))],
    ['that names an item twice', () => [raise('c'), insert()]],
    ['with a statement without parameters', () => [{ Statement: insert().Statement, Parameters: [] }]],
    ['with a statement of more than 8192 characters', () => [statement('x'.repeat(8193), 1)]],
  ])('%s', async (_, statements) => {
    await expect(batch(...statements())).rejects.toMatchObject({ reason: 'ValidationException' });
  });
});

// A statement in another form has not been compared with the documentation.
test.each<[string, string, number]>([
  ['a lower-case keyword', `insert INTO "registry" VALUE {'pk': ?, 'sk': ?}`, 2],
  ['a value in the statement', `INSERT INTO "registry" VALUE {'pk': ?, 'sk': ?, 'edge': 'a'}`, 2],
  ['a name that is not quoted', `UPDATE "registry" SET edge=? WHERE "pk"=? AND "sk"=? AND "edge"<?`, 4],
  ['no condition beside the key', `UPDATE "registry" SET "edge"=? WHERE "pk"=? AND "sk"=?`, 3],
  ['another comparison', `UPDATE "registry" SET "edge"=? WHERE "pk"=? AND "sk"=? AND "edge">?`, 4],
  ['a parameter too few', `UPDATE "registry" SET "edge"=? WHERE "pk"=? AND "sk"=? AND "edge"<?`, 3],
  ['a parameter too many', `INSERT INTO "registry" VALUE {'pk': ?, 'sk': ?}`, 3],
  ['an attribute twice', `INSERT INTO "registry" VALUE {'pk': ?, 'sk': ?, 'sk': ?}`, 3],
  ['a read', `SELECT * FROM "registry" WHERE "pk"=? AND "sk"=?`, 2],
  ['a deletion', `DELETE FROM "registry" WHERE "pk"=? AND "sk"=?`, 2],
])('a statement with %s is refused, and its neighbour is executed', async (_, text, parameters) => {
  const bad = statement(text, ...Array.from({ length: parameters }, () => key.pk));
  expect(await batch(bad, insert(`${key.pk}-neighbour`))).toEqual([
    { Error: expect.objectContaining({ Code: 'ValidationError' }) },
    { TableName: 'registry' },
  ]);
});

test('a statement on a table that does not exist names that error', async () => {
  const lost = { ...insert(), Statement: insert().Statement?.replace('registry', 'nowhere') };
  expect(await batch(lost)).toEqual([
    { TableName: 'nowhere', Error: expect.objectContaining({ Code: 'ResourceNotFound' }) },
  ]);
});
