import { setTimeout } from 'node:timers/promises';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Token } from '../core/account.ts';
import type { RegistryPorts } from '../core/apply.ts';
import { UNMARKED } from '../core/document.ts';
import { readable, type Unavailable } from '../core/outcome.ts';
import {
  type AccountRef,
  firstVersion,
  type Pointer,
  type PointerPage,
  type RegistryStore,
  type StoredWatermark,
} from '../core/store.ts';
import { awsClient } from './client.ts';
import {
  accountPartition,
  attributesOf,
  batchGet,
  clearKey,
  documentIn,
  documentKey,
  type Item,
  ifUnchanged,
  ifVersion,
  itemOf,
  type Key,
  orUnreadable,
  POINTER,
  partsOf,
  pointerKey,
  type Reads,
  type Table,
  tokenOf,
  update,
  WatermarkItem,
} from './dynamodb.ts';
import { ifLogin, installationKey, loginIn } from './installation-item.ts';

const PointerItem = z.object({ sk: z.string(), edge: z.string() });

/**
 * The registry in a DynamoDB table: strongly consistent reads and conditional writes of single items, so that the same
 * code works on a table with multi-Region strong consistency. Each token has one document; an account's partition has the
 * watermark and a pointer for each token that was ever bound. With `eventual` reads `documents` may return an older
 * state. That is enough to apply operations: a write over an older version fails and returns the newest one. A
 * write notes its own time as `written`, for the sweep: an event may be weeks older.
 */
export function dynamodbRegistryStore(table: Table, reads: Reads = 'strong', now = Date.now): RegistryStore {
  return {
    documents: async (tokens, asked) => (await getAll(table, tokens.map(documentKey), asked ?? reads)).map(documentIn),
    write: async (ref, document, version) => {
      const next = version === 0 ? firstVersion(document) : version + 1;
      const attributes = { ...attributesOf(document, next), written: now() };
      if (await update(table, documentKey(ref), attributes, ifVersion(version))) return 'written';
      const [winner] = await getAll(table, [documentKey(ref)], 'strong');
      return { winner: readable(documentIn(winner)) };
    },
    raisePointer: (account, token, edge) => raisePointer(table, pointerKey(account, token), edge),
    pointers: (account, after) => pointersIn(table, account, after),
    watermarks: (accounts) => watermarksAt(table, accounts),
    writeWatermark: async (account, watermark, before) => {
      const version = before.version === 0 ? firstVersion(watermark) : before.version + 1;
      // Older versions of this code cannot read a watermark without a removal.
      const attributes = { ...partsOf(watermark), removal: watermark.removal, version, written: now() };
      if (await update(table, clearKey(account), attributes, ifUnchanged(before))) return 'written';
      const [winner = NOT_STORED] = await watermarksAt(table, [account]);
      return { winner: readable(winner) };
    },
    newestLogin: async (ref) => loginIn((await getAll(table, [installationKey(ref)], reads))[0]),
    writeNewestLogin: async (ref, login, before) => {
      if (await update(table, installationKey(ref), { ...login }, ifLogin(before))) return 'written';
      return { winner: loginIn((await getAll(table, [installationKey(ref)], 'strong'))[0]) };
    },
  };
}

const NOT_STORED: StoredWatermark = { watermark: UNMARKED, version: 0 };

async function watermarksAt(table: Table, accounts: readonly AccountRef[]): Promise<(StoredWatermark | Unavailable)[]> {
  const items = await getAll(table, accounts.map(clearKey), 'strong');
  return items.map((item) => (item ? orUnreadable(() => WatermarkItem.parse(item)) : NOT_STORED));
}

/** Reads one item with the cheaper call, several in batches. In the order of the keys. */
async function getAll(table: Table, keys: readonly Key[], reads: Reads): Promise<(Item | undefined)[]> {
  const [key, ...others] = keys;
  if (key === undefined) return [];
  if (others.length > 0) return batchGet(table, keys, reads);
  const get = { TableName: table.name, Key: marshall(key), ConsistentRead: reads === 'strong' };
  const { Item } = await table.client.call('GetItem', get);
  return [Item && itemOf(Item)];
}

/** Raises a pointer in one write; does nothing if it is there already, or higher. */
async function raisePointer(table: Table, key: Key, edge: string): Promise<void> {
  await update(table, key, { edge }, { ConditionExpression: 'attribute_not_exists(#edge) OR #edge < :edge' });
}

function pointerIn(item: Item): Pointer {
  const { sk, edge } = PointerItem.parse(item);
  return { token: tokenOf(sk), edge };
}

/** A page is at most 1 MB: some thousands of pointers. */
async function pointersIn(
  { client, name: TableName }: Table,
  account: AccountRef,
  after: Token | undefined,
): Promise<PointerPage> {
  const { Items = [], LastEvaluatedKey: last } = await client.call('Query', {
    TableName,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
    ExpressionAttributeValues: marshall({ ':pk': accountPartition(account), ':pointer': POINTER }),
    ConsistentRead: true,
    ...(after && { ExclusiveStartKey: marshall(pointerKey(account, after)) }),
  });
  const pointers = Items.map((item) => readable(orUnreadable(() => pointerIn(itemOf(item)))));
  return { pointers, next: last && tokenOf(`${itemOf(last)['sk']}`) };
}

/**
 * Consistency of the reads before operations are applied. `eventual` is enough: if a stale read shows an operation as
 * applied, it is. If it misses one, the conditional write fails and the merge runs again. The Account API needs `strong`:
 * it answers queries, and stamps calls later than all that it reads.
 */
export const READS = {
  events: 'eventual',
  'account-api': 'strong',
  apply: 'eventual',
} as const satisfies Readonly<Record<string, Reads>>;

export const tableNamed = (name: string): Table => ({ client: awsClient('dynamodb'), name });

/** The registry in the table, with the system's clock and random numbers. */
export function registryIn(table: Table, reads: Reads = 'strong'): RegistryPorts {
  return {
    store: dynamodbRegistryStore(table, reads),
    now: Date.now,
    // Full jitter: writers that lost a race for one token do not race again at the same time.
    pause: (attempt) => setTimeout(Math.random() * Math.min(200, 5 * 2 ** attempt)),
  };
}
