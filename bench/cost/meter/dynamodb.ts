import type { Count, Forward, Json, Meter, Reply } from './proxy.ts';

const READS = ['GetItem', 'BatchGetItem', 'Query'];

/** The read units of a read that finds no item. The embedded DynamoDB reports none for it. */
const LEAST_READ = 0.5;

/**
 * Asks the embedded DynamoDB for the units of every call and counts them. Two documented rules, which it lacks, are added:
 * a write whose condition fails consumes the units of the stored item, here one
 * (docs.aws.amazon.com/amazondynamodb, "Conditional write capacity unit consumption"), and each write of a transaction
 * consumes twice its units ("Transaction capacity").
 */
export const meterDynamodb: Meter = async (action, input, forward, count) => {
  if (action === 'TransactWriteItems') return transact(input, forward, count);
  const reply = await forward(action, { ...input, ReturnConsumedCapacity: 'TOTAL' });
  const units = consumedUnits(reply);
  count(READS.includes(action) ? { readUnits: Math.max(units, LEAST_READ) } : { writeUnits: units });
  return reply;
};

function consumedUnits({ status, body }: Reply): number {
  if (status === 400) return `${body['__type']}`.endsWith('ConditionalCheckFailedException') ? 1 : 0;
  const consumed = [body['ConsumedCapacity'] ?? []].flat() as { CapacityUnits?: number }[]; // DynamoDB's reply to TOTAL
  return consumed.reduce((all, { CapacityUnits = 0 }) => all + CapacityUnits, 0);
}

async function transact({ TransactItems }: Json, forward: Forward, count: Count): Promise<Reply> {
  for (const item of TransactItems as Json[]) // the input of TransactWriteItems
    for (const [kind, write] of Object.entries(item)) {
      const reply = await forward(`${kind}Item`, { ...(write as Json), ReturnConsumedCapacity: 'TOTAL' });
      count({ writeUnits: 2 * consumedUnits(reply) });
    }
  return { status: 200, body: {} };
}
