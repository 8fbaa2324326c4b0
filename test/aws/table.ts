import { CreateTableCommand, DynamoDBClient, PutItemCommand, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Table } from '../../functions/aws/dynamodb.ts';
import { TABLE } from '../../infra/settings.ts';
import { startDynamodb } from '../../local/aws/servers.ts';

/** The name and the capacity units of one call. */
type Call = { readonly name: string; readonly units: number };

export type EmbeddedTable = Table & { readonly calls: Call[]; readonly stop: () => Promise<void> };

/** An empty table with the deployed keys on an embedded DynamoDB, and a note of every call made to it. */
export async function embeddedTable(): Promise<EmbeddedTable> {
  const server = await startDynamodb();
  const client = new DynamoDBClient({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await client.send(
    new CreateTableCommand({
      TableName: 'registry',
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
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01 }, { TableName: 'registry' });
  const calls = recorded(client);
  const stop = async () => {
    client.destroy();
    await server.stop();
  };
  return { client, name: 'registry', calls, stop };
}

/** Puts an item of any shape into the table. */
export async function put({ client, name: TableName }: Table, item: Record<string, unknown>): Promise<void> {
  await client.send(new PutItemCommand({ TableName, Item: marshall(item) }));
}

/** Asks for the consumed capacity of every call, as AWS bills it, and keeps it. */
function recorded(client: DynamoDBClient): Call[] {
  const calls: Call[] = [];
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (call) => {
        const result = await next({ ...call, input: { ...call.input, ReturnConsumedCapacity: 'TOTAL' } });
        const { ConsumedCapacity = [] } = result.output as { ConsumedCapacity?: Consumed | Consumed[] };
        const units = [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
        calls.push({ name: commandName.replace('Command', ''), units });
        return result;
      },
    { step: 'initialize', name: 'recordCapacity' },
  );
  return calls;
}

type Consumed = { CapacityUnits?: number };
