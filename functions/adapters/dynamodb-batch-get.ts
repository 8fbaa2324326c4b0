import { setTimeout } from 'node:timers/promises';
import { type AttributeValue, BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { Unavailable } from '../core/outcome.ts';
import { asking } from './aws.ts';
import type { Key } from './registry-keys.ts';

export type Table = { readonly client: DynamoDBClient; readonly name: string };

/** `strong`: as it is now. `eventual`: as it was lately, for half the price. */
export type Reads = 'strong' | 'eventual';

/** Keys DynamoDB takes in one BatchGetItem. */
const MOST_KEYS = 100;

/** Rounds before what DynamoDB leaves unprocessed counts as unavailable. */
const ROUNDS = 8;

const text = ({ pk, sk }: Key) => JSON.stringify([pk, sk]);

/**
 * Reads many items, in the order asked, each key at most once on the wire. DynamoDB answers what
 * it can and names the rest (size, throttling): those are asked again, with full jitter.
 */
export async function batchGet(
  table: Table,
  keys: readonly Key[],
  reads: Reads,
): Promise<(Record<string, unknown> | undefined)[]> {
  const wanted = [...new Map(keys.map((key) => [text(key), key])).values()];
  const found = new Map<string, Record<string, unknown>>();
  for (let start = 0; start < wanted.length; start += MOST_KEYS)
    await collect(table, wanted.slice(start, start + MOST_KEYS), found, reads);
  return keys.map((key) => found.get(text(key)));
}

async function collect(
  table: Table,
  keys: readonly Key[],
  found: Map<string, Record<string, unknown>>,
  reads: Reads,
): Promise<void> {
  let rest: Record<string, AttributeValue>[] = keys.map((key) => marshall(key));
  for (let round = 0; rest.length > 0; round++) {
    if (round === ROUNDS) throw new Unavailable('UnprocessedKeys');
    if (round > 0) await setTimeout(Math.random() * 2 ** round * 10);
    const { Responses, UnprocessedKeys } = await asking(() =>
      table.client.send(
        new BatchGetItemCommand({ RequestItems: { [table.name]: { Keys: rest, ConsistentRead: reads === 'strong' } } }),
      ),
    );
    for (const item of Responses?.[table.name]?.map((attributes) => unmarshall(attributes)) ?? [])
      found.set(text({ pk: String(item['pk']), sk: String(item['sk']) }), item);
    rest = UnprocessedKeys?.[table.name]?.Keys ?? [];
  }
}
