import { DeleteCommand, GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import type { StoredPass, SweepStore, SweptItem } from '../core/sweep-store.ts';
import { asking } from './aws.ts';
import { batchGet, type Table } from './dynamodb-batch-get.ts';
import { isMet } from './dynamodb-condition.ts';
import { StoredItem } from './dynamodb-document.ts';
import { sweptItem } from './dynamodb-swept-item.ts';
import { accountPartition, clearKey, documentKey, type Key, POINTER, pointerKey } from './registry-keys.ts';

/** Items of one page at most: a few hundred KB, and a second's work. */
const PAGE_ITEMS = 1_000;

/** Where the last pass is kept. No token and no account has this partition. */
const PASS: Key = { pk: 'SWEEP', sk: 'CURSOR' };

const PassItem = z.object({
  version: z.int().check(z.gte(1)),
  begunMs: z.int(),
  isDone: z.boolean(),
  after: z.optional(z.string()),
});

const PlaceKey = z.object({ pk: z.string(), sk: z.string() });

/** A sweep's way through a DynamoDB table. The only code that scans and deletes. */
export function dynamodbSweepStore(table: Table, Limit = PAGE_ITEMS): SweepStore {
  const { client, name: TableName } = table;
  return {
    page: async (after) => {
      const start = after === undefined ? {} : { ExclusiveStartKey: PlaceKey.parse(JSON.parse(after)) };
      const { Items = [], LastEvaluatedKey } = await asking(() =>
        client.send(new ScanCommand({ TableName, Limit, ...start })),
      );
      const items = Items.filter(({ pk }) => pk !== PASS.pk).map((item): SweptItem => sweptItem(item));
      return { items, ...(LastEvaluatedKey && { next: JSON.stringify(PlaceKey.parse(LastEvaluatedKey)) }) };
    },
    glimpse: async (tokens) => {
      const items = await batchGet(table, tokens.map(documentKey), 'eventual');
      return items.map((item) => (item === undefined ? undefined : StoredItem.parse(item).document));
    },
    hasPointers: async (account) => {
      const { Count = 0 } = await asking(() =>
        client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
            ExpressionAttributeValues: { ':pk': accountPartition(account), ':pointer': POINTER },
            ConsistentRead: true,
            Limit: 1,
          }),
        ),
      );
      return Count > 0;
    },
    deletePointer: (account, token, edge) => deleteAt(table, pointerKey(account, token), 'edge', edge),
    noteIdle: (account, removal, ms) => {
      const Item = { ...clearKey(account), removal, idle: { removal, ms } };
      return isMet(() => client.send(new PutCommand({ TableName, Item, ...standsAt('removal', removal) })));
    },
    deleteClear: (account, removal) => deleteAt(table, clearKey(account), 'removal', removal),
    pass: () => readPass(table),
    savePass: (pass, version) => {
      const condition =
        version === 0
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : { ConditionExpression: 'version = :version', ExpressionAttributeValues: { ':version': version } };
      const Item = { ...PASS, ...pass, version: version + 1 };
      return isMet(() => client.send(new PutCommand({ TableName, Item, ...condition })));
    },
  };
}

async function readPass({ client, name: TableName }: Table): Promise<StoredPass> {
  const { Item } = await asking(() => client.send(new GetCommand({ TableName, Key: PASS, ConsistentRead: true })));
  if (Item === undefined) return { pass: undefined, version: 0 };
  const { version, after, ...pass } = PassItem.parse(Item);
  return { version, pass: { ...pass, ...(after !== undefined && { after }) } };
}

const deleteAt = ({ client, name: TableName }: Table, key: Key, register: 'edge' | 'removal', value: string) =>
  isMet(() => client.send(new DeleteCommand({ TableName, Key: key, ...standsAt(register, value) })));

const standsAt = (register: 'edge' | 'removal', value: string) => ({
  ConditionExpression: '#register = :value',
  ExpressionAttributeNames: { '#register': register },
  ExpressionAttributeValues: { ':value': value },
});
