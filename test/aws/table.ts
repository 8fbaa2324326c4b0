import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { type AwsClient, Refused } from '../../functions/aws/calls.ts';
import type { Table } from '../../functions/aws/dynamodb.ts';
import { TABLE } from '../../infra/settings.ts';
import { startDynamodb } from '../../local/aws/servers.ts';
import { localClient } from './local-client.ts';

/** The name and the capacity units of one call. */
type Call = { readonly name: string; readonly units: number };

export type EmbeddedTable = Table & {
  readonly url: string;
  readonly calls: Call[];
  readonly stop: () => Promise<void>;
};

/** An empty table with the deployed keys on an embedded DynamoDB, and a note of every call made to it. */
export async function embeddedTable(name = 'registry'): Promise<EmbeddedTable> {
  const { url, stop } = await startDynamodb();
  const sdk = new DynamoDBClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await sdk.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [TABLE.partitionKey, TABLE.sortKey].map((AttributeName) => ({
        AttributeName,
        AttributeType: 'S',
      })),
      KeySchema: [
        { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
        { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
      ],
    }),
  );
  // A table takes nothing before it is active.
  await waitUntilTableExists({ client: sdk, maxWaitTime: 10, minDelay: 0.01 }, { TableName: name });
  sdk.destroy();
  const calls: Call[] = [];
  return { client: recorded(localClient('dynamodb', url), calls), name, url, calls, stop };
}

/** Puts an item of any shape into the table. */
export async function put({ client, name: TableName }: Table, item: Record<string, unknown>): Promise<void> {
  await client.call('PutItem', { TableName, Item: marshall(item) });
}

/** Asks for the consumed capacity of every call, as AWS bills it, and keeps it. */
function recorded({ attempt }: AwsClient<'dynamodb'>, calls: Call[]): AwsClient<'dynamodb'> {
  const noting: typeof attempt = async (name, input, expected) => {
    const output = await attempt(name, Object.assign({}, input, { ReturnConsumedCapacity: 'TOTAL' }), expected);
    // Every output of the table has it, one or several.
    const { ConsumedCapacity = [] } = output as { ConsumedCapacity?: Consumed | Consumed[] };
    const units = [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    if (!(output instanceof Refused)) calls.push({ name, units });
    return output;
  };
  return { attempt: noting, call: async (name, input) => succeeded(await noting(name, input, '')) };
}

function succeeded<T>(output: T | Refused): T {
  if (output instanceof Refused) throw new Error('bug: a call without an expected error was refused');
  return output;
}

type Consumed = { CapacityUnits?: number };
