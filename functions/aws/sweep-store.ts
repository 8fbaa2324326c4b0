import { marshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { readable, Unavailable } from '../core/outcome.ts';
import type { HashedAccount } from '../core/store.ts';
import type { StoredPass, SweepItem, SweepStore } from '../sweep/store.ts';
import {
  accountIn,
  accountPartition,
  batchGet,
  clearKey,
  deleteAt,
  documentIn,
  documentKey,
  type Item,
  ifUnchanged,
  ifVersion,
  itemOf,
  type Key,
  orUnreadable,
  POINTER,
  pointerKey,
  StoredItem,
  type Table,
  tokenOf,
  tokenRefOf,
  update,
  WatermarkItem,
} from './dynamodb.ts';
import { ifLogin, installationKey, installationRefOf, LoginItem } from './installation-item.ts';
import { storedIn } from './mirror-store.ts';

/** Most items of one page: a few hundred KB, and a second's work. */
const PAGE_ITEMS = 1_000;

/** Key of the last pass. No token and no account has this partition. */
const PASS: Key = { pk: 'SWEEP', sk: 'CURSOR' };

const PassItem = z.object({
  version: z.int().check(z.gte(1)),
  begunMs: z.int(),
  beforeMs: z.optional(z.int()),
  isDone: z.boolean(),
  after: z.optional(z.string()),
});

const PlaceKey = z.object({ pk: z.string(), sk: z.string() });

/** Reads through a DynamoDB table page by page. The only code that scans and deletes. */
export function dynamodbSweepStore(table: Table, Limit = PAGE_ITEMS): SweepStore {
  const { client, name: TableName } = table;
  return {
    page: async (after) => {
      const start = after === undefined ? {} : { ExclusiveStartKey: marshall(PlaceKey.parse(JSON.parse(after))) };
      const { Items = [], LastEvaluatedKey } = await client.call('Scan', { TableName, Limit, ...start });
      const found = Items.map(itemOf).filter(({ pk }) => pk !== PASS.pk);
      const next = LastEvaluatedKey && { next: JSON.stringify(PlaceKey.parse(itemOf(LastEvaluatedKey))) };
      return { items: found.map((item): SweepItem => sweptItem(item)), ...next };
    },
    glimpse: async (tokens) => {
      const items = await batchGet(table, tokens.map(documentKey), 'eventual');
      return items.map((item) => {
        const stored = documentIn(item);
        return stored instanceof Unavailable ? stored : stored?.document;
      });
    },
    hasPointers: async (account) => {
      const { Count = 0 } = await client.call('Query', {
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
        ExpressionAttributeValues: marshall({ ':pk': accountPartition(account), ':pointer': POINTER }),
        ConsistentRead: true,
        Limit: 1,
      });
      return Count > 0;
    },
    deletePointer: (account, token, edge) =>
      deleteAt(table, pointerKey(account, token), {
        ConditionExpression: 'edge = :known',
        ExpressionAttributeValues: marshall({ ':known': edge }),
      }),
    noteIdle: (account, before, ms) =>
      update(table, clearKey(account), { idle: { version: before.version, ms } }, ifUnchanged(before)),
    deleteWatermark: (account, before) => deleteAt(table, clearKey(account), ifUnchanged(before)),
    deleteLogin: (installation, login) => deleteAt(table, installationKey(installation), ifLogin(login)),
    pass: () => readPass(table),
    savePass: ({ begunMs, beforeMs, isDone, after }, version) =>
      update(table, PASS, { begunMs, beforeMs, isDone, after, version: version + 1 }, ifVersion(version)),
  };
}

async function readPass({ client, name: TableName }: Table): Promise<StoredPass> {
  const { Item } = await client.call('GetItem', { TableName, Key: marshall(PASS), ConsistentRead: true });
  if (Item === undefined) return { pass: undefined, version: 0 };
  const { version, after, ...pass } = readable(orUnreadable(() => PassItem.parse(itemOf(Item))));
  return { version, pass: { ...pass, ...(after !== undefined && { after }) } };
}

const Keyed = z.object({ pk: z.string(), sk: z.string() });
const PointerItem = z.object({ edge: z.string() });

/** The idle time of a watermark names its version: after a change it no longer counts. */
const Idle = z.object({ idle: z.optional(z.object({ version: z.optional(z.int()), ms: z.int() })) });

const Written = z.pipe(
  z.object({ written: z.optional(z.number()) }),
  z.transform(({ written }) => (written === undefined ? {} : { writtenMs: written })),
);

function sweptItem(item: Item): SweepItem {
  const read = orUnreadable(() => readItem(item));
  return read instanceof Unavailable ? { kind: 'unreadable' } : read;
}

function readItem(item: Item): SweepItem {
  const { pk, sk } = Keyed.parse(item);
  const kind = `${pk.slice(0, 2)}${sk.slice(0, POINTER.length)}`;
  const written = Written.parse(item);
  if (kind === 'T#D') return { kind: 'document', ref: tokenRefOf(pk), stored: StoredItem.parse(item), ...written };
  if (kind === 'T#M') return { kind: 'state', ref: tokenRefOf(pk), stored: storedIn(item) };
  if (kind === `A#${POINTER}`)
    return { kind: 'pointer', ref: accountIn(pk), token: tokenOf(sk), ...PointerItem.parse(item) };
  if (kind === 'I#N') return { kind: 'installation', ref: installationRefOf(pk), login: LoginItem.parse(item) };
  if (pk.startsWith('A#') && sk === '#CLEAR') return { ...watermarkItem(accountIn(pk), item), ...written };
  return { kind: 'unreadable' };
}

function watermarkItem(ref: HashedAccount, item: Item): SweepItem {
  const stored = WatermarkItem.parse(item);
  const { idle } = Idle.parse(item);
  return { kind: 'watermark', ref, stored, ...(idle?.version === stored.version && { idleMs: idle.ms }) };
}
