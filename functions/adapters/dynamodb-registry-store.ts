import {
  type AttributeValue,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { firstVersion, type Pointer, type RegistryStore } from '../core/registry-store.ts';
import { asking } from './aws.ts';
import { batchGet, type Reads, type Table } from './dynamodb-batch-get.ts';
import { isMet, over } from './dynamodb-condition.ts';
import { itemOf, StoredItem } from './dynamodb-document.ts';
import { accountPartition, clearKey, documentKey, type Key, POINTER, pointerKey, tokenOf } from './registry-keys.ts';

const PointerItem = z.object({ sk: z.string(), edge: z.string() });
const ClearItem = z.object({ removal: z.string() });

/**
 * The registry in a DynamoDB table: strongly consistent reads and conditional writes of single items, so that the same
 * code is right on a table with multi-Region strong consistency. One document a token; in the account's partition a
 * pointer for each token that was ever bound, and the watermark. With `eventual` reads `documents` and `clears` answer as
 * things lately were, which is all that applying needs: a write is refused where something has changed since, and says by
 * a strong read what stands there.
 */
export function dynamodbRegistryStore(table: Table, reads: Reads = 'strong'): RegistryStore {
  const { client, name: TableName } = table;
  return {
    documents: async (tokens) => {
      const items = await getAll(table, tokens.map(documentKey), reads);
      return items.map((item) => (item === undefined ? undefined : StoredItem.parse(item)));
    },
    write: async (ref, document, version) => {
      const next = version === 0 ? firstVersion(document) : version + 1;
      const Item = marshall({ ...documentKey(ref), ...itemOf(document, next) });
      if (await isMet(() => client.send(new PutItemCommand({ TableName, Item, ...over(version) })))) return 'written';
      const [winner] = await getAll(table, [documentKey(ref)], 'strong');
      return { winner: winner === undefined ? undefined : StoredItem.parse(winner) };
    },
    raisePointer: (account, token, edge) => raise(table, pointerKey(account, token), 'edge', edge),
    raiseClear: (account, removal) => raise(table, clearKey(account), 'removal', removal),
    pointers: (account) => pointersIn(table, accountPartition(account)),
    clears: async (accounts) => {
      const items = await getAll(table, accounts.map(clearKey), reads);
      return items.map((item) => (item === undefined ? '' : ClearItem.parse(item).removal));
    },
  };
}

/** Reads one item with the cheaper call, more of them in batches. In the order asked. */
async function getAll(
  table: Table,
  keys: readonly Key[],
  reads: Reads,
): Promise<(Record<string, unknown> | undefined)[]> {
  const [key, ...others] = keys;
  if (key === undefined) return [];
  if (others.length > 0) return batchGet(table, keys, reads);
  const { Item } = await asking(() =>
    table.client.send(
      new GetItemCommand({ TableName: table.name, Key: marshall(key), ConsistentRead: reads === 'strong' }),
    ),
  );
  return [Item && unmarshall(Item)];
}

/** Moves a register up, in one write; where it already stands there or later, nothing is written. */
async function raise({ client, name }: Table, key: Key, register: 'edge' | 'removal', value: string): Promise<void> {
  await isMet(() =>
    client.send(
      new UpdateItemCommand({
        TableName: name,
        Key: marshall(key),
        UpdateExpression: 'SET #register = :value',
        ConditionExpression: 'attribute_not_exists(#register) OR #register < :value',
        ExpressionAttributeNames: { '#register': register },
        ExpressionAttributeValues: marshall({ ':value': value }),
      }),
    ),
  );
}

async function pointersIn({ client, name: TableName }: Table, pk: string): Promise<Pointer[]> {
  const found: Pointer[] = [];
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await asking(() =>
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :pointer)',
          ExpressionAttributeValues: marshall({ ':pk': pk, ':pointer': POINTER }),
          ConsistentRead: true,
          ...(ExclusiveStartKey && { ExclusiveStartKey }),
        }),
      ),
    );
    for (const item of page.Items ?? []) {
      const { sk, edge } = PointerItem.parse(unmarshall(item));
      found.push({ token: tokenOf(sk), edge });
    }
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return found;
}
