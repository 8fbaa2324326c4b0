import { setTimeout } from 'node:timers/promises';
import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import type { Token } from '../core/account.ts';
import type { RegistryPorts } from '../core/apply.ts';
import { type TokenDocument, UNMARKED } from '../core/document.ts';
import { readable, Unavailable } from '../core/outcome.ts';
import {
  type AnyAccount,
  firstVersion,
  type Pointer,
  type PointerPage,
  type PointerWrite,
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
  updateOver,
  WatermarkItem,
} from './dynamodb.ts';
import { ifLogin, installationKey, loginIn } from './installation-item.ts';
import { executeStatements, insertion, updating } from './statements.ts';

const PointerItem = z.object({ sk: z.string(), edge: z.string() });

/**
 * The registry in a DynamoDB table: strongly consistent reads and conditional writes of single items, so that the same
 * code works on a table with multi-Region strong consistency. Each token has one document; an account's partition has the
 * watermark and a pointer for each token that was ever bound. With `eventual` reads `documents` may return an older
 * state. That is enough to apply operations: a write over an older version fails and returns the newest one. A
 * write notes its own time as `written`, for the sweep: an event may be weeks older.
 */
export function dynamodbRegistryStore(table: Table, reads: Reads = 'strong', now = Date.now): RegistryStore {
  const written = (document: TokenDocument, version: number) => {
    const next = version === 0 ? firstVersion(document) : version + 1;
    return { ...attributesOf(document, next), written: now() };
  };
  return {
    documents: async (tokens, asked) => (await getAll(table, tokens.map(documentKey), asked ?? reads)).map(documentIn),
    write: async (ref, document, version) => {
      const result = await writeOver(table, documentKey(ref), written(document, version), ifVersion(version));
      return result === 'written' ? result : { winner: readable(documentIn(result.winner)) };
    },
    writeAll: async (writes) => {
      const statements = writes.map(({ ref, document, version }) => {
        const [key, attributes] = [documentKey(ref), written(document, version)];
        return version === 0
          ? insertion(table, key, attributes)
          : updating(table, key, attributes, ['version', '=', version]);
      });
      return (await executeStatements(table, statements)).map((answer) => {
        if (answer === 'done') return 'written';
        const winner = answer === 'failed' ? undefined : documentIn(answer);
        return winner && !(winner instanceof Unavailable) ? { winner } : undefined;
      });
    },
    raisePointer: (account, token, edge) => raisePointer(table, pointerKey(account, token), edge),
    raisePointers: async (pointers) => {
      const first = await raiseTogether(table, pointers);
      // Guessed wrong: the other statement.
      const wrong = pointers.filter((_, i) => first[i] === 'failed');
      const second = (
        await raiseTogether(
          table,
          wrong.map((one) => ({ ...one, isKnown: !one.isKnown })),
        )
      ).values();
      return first.map((result) => (result === 'failed' ? second.next().value : result) === 'done');
    },
    pointers: (...parameters) => pointersIn(table, ...parameters),
    watermarks: (accounts) => watermarksAt(table, accounts),
    writeWatermark: async (account, watermark, before) => {
      const version = before.version === 0 ? firstVersion(watermark) : before.version + 1;
      // Older versions of this code cannot read a watermark without a removal.
      const attributes = { ...partsOf(watermark), removal: watermark.removal, version, written: now() };
      const result = await writeOver(table, clearKey(account), attributes, ifUnchanged(before));
      return result === 'written' ? result : { winner: readable(watermarkIn(result.winner)) };
    },
    newestLogin: async (ref) => loginIn((await getAll(table, [installationKey(ref)], reads))[0]),
    writeNewestLogin: async (ref, login, before) => {
      const result = await writeOver(table, installationKey(ref), { ...login }, ifLogin(before));
      return result === 'written' ? result : { winner: loginIn(result.winner) };
    },
  };
}

const NOT_STORED: StoredWatermark = { watermark: UNMARKED, version: 0 };

async function watermarksAt(table: Table, accounts: readonly AnyAccount[]): Promise<(StoredWatermark | Unavailable)[]> {
  return (await getAll(table, accounts.map(clearKey), 'strong')).map(watermarkIn);
}

const watermarkIn = (item: Item | undefined): StoredWatermark | Unavailable =>
  item ? orUnreadable(() => WatermarkItem.parse(item)) : NOT_STORED;

/** Reads one item with the cheaper call, several in batches. In the order of the keys. */
async function getAll(table: Table, keys: readonly Key[], reads: Reads): Promise<(Item | undefined)[]> {
  const [key, ...others] = keys;
  if (key === undefined) return [];
  if (others.length > 0) return batchGet(table, keys, reads);
  const get = { TableName: table.name, Key: marshall(key), ConsistentRead: reads === 'strong' };
  const { Item } = await table.client.call('GetItem', get);
  return [Item && itemOf(Item)];
}

/** Writes over what was read. Otherwise returns the item that is there now. */
async function writeOver(...[table, key, attributes, condition]: Parameters<typeof updateOver>) {
  const result = await updateOver(table, key, attributes, condition);
  if (result === 'written') return result;
  return { winner: result.item ?? (await getAll(table, [key], 'strong'))[0] };
}

/** Raises a pointer in one write; does nothing if it is there already, or higher. */
async function raisePointer(table: Table, key: Key, edge: string): Promise<void> {
  await update(table, key, { edge }, { ConditionExpression: 'attribute_not_exists(#edge) OR #edge < :edge' });
}

/** Raises pointers with a statement each. `failed`: it is there and was not known, or the other way round. */
async function raiseTogether(
  table: Table,
  pointers: readonly PointerWrite[],
): Promise<('done' | 'failed' | undefined)[]> {
  const statements = pointers.map(({ account, token, edge, isKnown }) => {
    const key = pointerKey(account, token);
    return isKnown ? updating(table, key, { edge }, ['edge', '<', edge]) : insertion(table, key, { edge });
  });
  const results = await executeStatements(table, statements);
  return results.map((result, i) => {
    if (typeof result !== 'object') return result;
    return String(result['edge'] ?? '') >= (pointers[i]?.edge ?? '') ? 'done' : undefined;
  });
}

function pointerIn(item: Item): Pointer {
  const { sk, edge } = PointerItem.parse(item);
  return { token: tokenOf(sk), edge };
}

/** A page is at most 1 MB: some thousands of pointers. */
async function pointersIn(
  { client, name: TableName }: Table,
  account: AnyAccount,
  after?: Token,
  most?: number,
): Promise<PointerPage> {
  const { Items = [], LastEvaluatedKey: last } = await client.call('Query', {
    TableName,
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
    ExpressionAttributeValues: marshall({ ':pk': accountPartition(account), ':pointer': POINTER }),
    ConsistentRead: true,
    ...(after && { ExclusiveStartKey: marshall(pointerKey(account, after)) }),
    ...(most && { Limit: most }),
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
  devices: 'eventual',
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
