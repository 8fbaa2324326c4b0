import type { Units } from '../units.ts';
import type { Forward } from './proxy.ts';

type Json = Readonly<Record<string, unknown>>;

const READS = ['GetItem', 'BatchGetItem', 'Query'];

/** Half a unit: what a read that finds nothing takes, where the embedded one says none. */
const LEAST_READ = 0.5;

/**
 * Asks the embedded DynamoDB what every call consumed and counts it. What it does not have is added by the documented
 * rules: a write whose condition fails consumes what the item that stands there takes, here one unit
 * (docs.aws.amazon.com/amazondynamodb, "Conditional write capacity unit consumption"); a transaction is its writes, each
 * at twice the units ("Transaction capacity").
 */
export async function meteredDynamodb(
  action: string,
  input: Json,
  forward: Forward,
  count: (units: Partial<Units>) => void,
) {
  if (action === 'TransactWriteItems') return transact(input, forward, count);
  const reply = await forward(action, { ...input, ReturnConsumedCapacity: 'TOTAL' });
  const units = consumedIn(reply);
  count(READS.includes(action) ? { readUnits: Math.max(units, LEAST_READ) } : { writeUnits: units });
  return reply;
}

type Reply = { readonly status: number; readonly body: Json };

function consumedIn({ status, body }: Reply): number {
  if (status === 400) return `${body['__type']}`.endsWith('ConditionalCheckFailedException') ? 1 : 0;
  const consumed = [body['ConsumedCapacity'] ?? []].flat() as { CapacityUnits?: number }[]; // as asked for above
  return consumed.reduce((all, { CapacityUnits = 0 }) => all + CapacityUnits, 0);
}

async function transact(
  { TransactItems }: Json,
  forward: Forward,
  count: (units: Partial<Units>) => void,
): Promise<Reply> {
  for (const item of TransactItems as Json[]) // what TransactWriteItems is asked
    for (const [kind, write] of Object.entries(item)) {
      const reply = await forward(`${kind}Item`, { ...(write as Json), ReturnConsumedCapacity: 'TOTAL' });
      count({ writeUnits: 2 * consumedIn(reply) });
    }
  return { status: 200, body: {} };
}
