import { setTimeout } from 'node:timers/promises';
import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { $ZodError } from 'zod/v4/core';
import { type AccountKey, parseAccountKey, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import type { TokenDocument, Watermark } from '../core/document.ts';
import { expiryOf } from '../core/merge.ts';
import { type Unavailable, Unreadable } from '../core/outcome.ts';
import { chunksOf, inRounds } from '../core/parallel.ts';
import {
  type AnyAccount,
  accountDigest,
  type HashedAccount,
  type Stored,
  type StoredWatermark,
  type TokenRef,
} from '../core/store.ts';
import { type AwsClient, type Input, Refused } from './calls.ts';

// Not `z.core.$ZodError`: with it esbuild bundles every locale, 650 KB instead of 272.

export type Table = { readonly client: AwsClient<'dynamodb'>; readonly name: string };

/** `strong`: the newest state. `eventual`: perhaps an older one, for half the price. */
export type Reads = 'strong' | 'eventual';

/** Keys in one BatchGetItem. */
const MOST_KEYS = 100;

const text = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);

/**
 * Reads many items, in the order of the keys, each key only once on the wire. DynamoDB may leave keys unprocessed (size,
 * throttling): they are read again after a wait with full jitter.
 */
export async function batchGet(table: Table, keys: readonly Key[], reads: Reads): Promise<(Item | undefined)[]> {
  const wanted = [...new Map(keys.map((key) => [text(key), key])).values()];
  const found = new Map<string, Item>();
  for (const some of chunksOf(wanted, MOST_KEYS)) await collect(table, some, found, reads);
  return keys.map((key) => found.get(text(key)));
}

async function collect(table: Table, keys: readonly Key[], found: Map<string, Item>, reads: Reads): Promise<void> {
  const read = async (rest: readonly Attributes[]) => {
    const RequestItems = { [table.name]: { Keys: [...rest], ConsistentRead: reads === 'strong' } };
    const { Responses, UnprocessedKeys } = await table.client.call('BatchGetItem', { RequestItems });
    for (const item of Responses?.[table.name]?.map(itemOf) ?? [])
      found.set(text({ pk: String(item['pk']), sk: String(item['sk']) }), item);
    return UnprocessedKeys?.[table.name]?.Keys ?? [];
  };
  const pause = (round: number) => setTimeout(Math.random() * 2 ** round * 10);
  await inRounds(
    keys.map((key): Attributes => marshall(key)),
    read,
    pause,
    'UnprocessedKeys',
  );
}

type Attributes = Record<string, AttributeValue>;

/** An item as it came from the table, not checked yet. */
export type Item = Readonly<Record<string, unknown>>;

/** A number that this version does not know may lose digits: otherwise `unmarshall` throws for the whole answer. */
export const itemOf = (attributes: Record<string, AttributeValue>): Item =>
  unmarshall(attributes, { wrapNumbers: Number });

/** Returns an `Unreadable` in place of an item that does not parse. */
export function orUnreadable<T>(read: () => T): T | Unreadable {
  try {
    return read();
  } catch (error) {
    if (error instanceof $ZodError) return new Unreadable();
    throw error;
  }
}

export type Condition = Pick<
  UpdateItemCommandInput,
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** Writes only if the item still has the version that was read; 0 means that there is no item. */
export const ifVersion = (version: number): Condition =>
  version === 0
    ? { ConditionExpression: 'attribute_not_exists(pk)' }
    : { ConditionExpression: '#version = :known', ExpressionAttributeValues: marshall({ ':known': version }) };

/**
 * Writes the attributes, and removes those that are undefined. All others stay: a later version may have added them. Returns
 * false if the condition fails, which may name the attributes as `#name` and their values as `:name`.
 */
export const update = async (...parameters: Parameters<typeof updateOver>): Promise<boolean> =>
  (await updateOver(...parameters)) === 'written';

/** As above; if the condition fails, returns the item that failed it, if DynamoDB sends one. It costs no read. */
export async function updateOver(
  table: Table,
  key: Key,
  attributes: Readonly<Record<string, unknown>>,
  condition: Condition,
): Promise<'written' | { readonly item: Item | undefined }> {
  const names = Object.keys(attributes);
  const set = names.filter((name) => attributes[name] !== undefined);
  const removed = names.filter((name) => attributes[name] === undefined);
  const remove = removed.length > 0 ? ` REMOVE ${removed.map((name) => `#${name}`).join(', ')}` : '';
  const input: Input<'dynamodb', 'UpdateItem'> = {
    TableName: table.name,
    Key: marshall(key),
    UpdateExpression: `SET ${set.map((name) => `#${name} = :${name}`).join(', ')}${remove}`,
    ...condition,
    ExpressionAttributeNames: {
      ...Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ...condition.ExpressionAttributeNames,
    },
    ExpressionAttributeValues: {
      ...marshall(Object.fromEntries(set.map((name) => [`:${name}`, attributes[name]]))),
      ...condition.ExpressionAttributeValues,
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
  const result = await table.client.attempt('UpdateItem', input, CONDITION_FAILED);
  if (!(result instanceof Refused)) return 'written';
  const item = result.details['Item'] as Attributes | undefined; // so the API reference says
  return { item: item && itemOf(item) };
}

const CONDITION_FAILED = 'ConditionalCheckFailedException';

/** Deletes an item; returns false if the condition fails. */
export async function deleteAt({ client, name: TableName }: Table, key: Key, condition: Condition): Promise<boolean> {
  const input = { TableName, Key: marshall(key), ...condition };
  return !((await client.attempt('DeleteItem', input, CONDITION_FAILED)) instanceof Refused);
}

/** A table key. Ids of apps have no `#`, so each key can be read in one way only. */
export type Key = { readonly pk: string; readonly sk: string };

export const documentKey = ({ app, token }: TokenRef): Key => ({ pk: `T#${app}#${token}`, sk: 'D' });

/** The mirror's state of a token: the next item after its document. */
export const stateKey = (ref: TokenRef): Key => ({ ...documentKey(ref), sk: 'M' });

/** An account's partition, without its name. */
export const accountPartition = (account: AnyAccount): string => `A#${account.app}#${accountDigest(account)}`;

export const POINTER = 'T#';

export const pointerKey = (account: AnyAccount, token: Token): Key => ({
  pk: accountPartition(account),
  sk: `${POINTER}${token}`,
});

/** Sorts before every pointer, so that a query of the partition gets the watermark first. */
export const clearKey = (account: AnyAccount): Key => ({ pk: accountPartition(account), sk: '#CLEAR' });

export const tokenOf = (pointerSk: string): Token => Token.parse(pointerSk.slice(POINTER.length));

/** Returns the token of a partition. Throws a `$ZodError` if it is no token's partition. */
export function tokenRefOf(pk: string): TokenRef {
  const [app, name] = parted(pk);
  return { app: AppId.parse(app), token: Token.parse(name) };
}

/** Returns the account of a partition. Throws a `$ZodError` if it is no account's partition. */
export function accountIn(pk: string): HashedAccount {
  const [app, digest] = parted(pk);
  return { app: AppId.parse(app), digest: AccountDigest.parse(digest) };
}

const AccountDigest = z.string().check(z.regex(/^[0-9a-f]{32}$/));

/** Splits `A#<app>#<name>`, and the like, into app and name. Ids of apps have no `#`. */
export function parted(pk: string): [app: string, name: string] {
  const end = pk.indexOf('#', 2);
  return end < 0 ? ['', ''] : [pk.slice(2, end), pk.slice(end + 1)];
}

const Registers = z.record(z.string(), z.string());

/** A token's document in the table. Empty parts are left out: most items stay under 1 KB, one write unit. */
export const StoredItem = z.pipe(
  z.object({
    version: z.int().check(z.gte(1)),
    clear: z._default(Registers, {}),
    clearFloor: z._default(z.string(), ''),
    edges: z._default(Registers, {}),
    floor: z._default(z.string(), ''),
    ended: z._default(Registers, {}),
    endedFloor: z._default(z.string(), ''),
  }),
  z.transform(({ version, ...document }): Stored => {
    // The cast is safe: `parseAccountKey` throws if this is no account's key.
    for (const account of Object.keys(document.edges)) parseAccountKey(account as AccountKey);
    return { version, document };
  }),
);

/** An account's watermark in the table. Those of older versions have a removal only, and no version. */
export const WatermarkItem = z.pipe(
  z.object({
    version: z._default(z.int(), 0),
    removal: z._default(z.string(), ''),
    spared: z._default(Registers, {}),
    ended: z._default(Registers, {}),
    endedFloor: z._default(z.string(), ''),
  }),
  z.transform(({ version, ...watermark }): StoredWatermark => ({ version, watermark })),
);

/** Returns the document in an item; undefined if there is no item. */
export const documentIn = (item: Item | undefined): Stored | undefined | Unavailable =>
  item && orUnreadable(() => StoredItem.parse(item));

/** The attributes of a document. `expires` (s since 1970) is when DynamoDB may delete it, at the earliest. */
export function attributesOf(document: TokenDocument, version: number): Record<string, unknown> {
  const expiry = expiryOf(document);
  return { version, ...partsOf(document), expires: expiry === undefined ? undefined : Math.ceil(expiry / 1000) };
}

/** The parts of a record; an empty one is undefined. */
export const partsOf = (record: TokenDocument | Watermark): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).map(([name, part]) => [name, isEmpty(part) ? undefined : part]));

const isEmpty = (part: object | string): boolean => part === '' || Object.keys(part).length === 0;

/**
 * Writes a watermark only if it is as it was read. Older versions of this code raise its removal without counting versions,
 * so that is compared too.
 */
export const ifUnchanged = ({ version, watermark: { removal } }: StoredWatermark): Condition => ({
  ConditionExpression: [
    version === 0 ? 'attribute_not_exists(#version)' : '#version = :known',
    removal === '' ? '(attribute_not_exists(#removal) OR #removal = :known_removal)' : '#removal = :known_removal',
  ].join(' AND '),
  ExpressionAttributeNames: { '#version': 'version', '#removal': 'removal' },
  ExpressionAttributeValues: marshall({ ':known_removal': removal, ...(version !== 0 && { ':known': version }) }),
});
