import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { operationsQueueAttributes, parkedQueueAttributes } from './queue-attributes.ts';
import type { SqsServer } from './sqs-server.ts';
import { registryTableInput } from './table-input.ts';

export const NAMES = { operations: 'bindery-operations', parked: 'bindery-parked', table: 'bindery-registry' } as const;

export type Queue = { readonly url: string; readonly arn: string };
export type Queues = { readonly operations: Queue; readonly parked: Queue };

/** Makes the queues, or finds those of an earlier run and gives them today's numbers. */
export async function createQueues(client: SQSClient, server: SqsServer): Promise<Queues> {
  const parked = await createQueue(client, server, NAMES.parked, parkedQueueAttributes());
  const operations = await createQueue(client, server, NAMES.operations, operationsQueueAttributes(parked.arn));
  await releaseInFlight(client, server, operations);
  return { operations, parked };
}

async function createQueue(
  client: SQSClient,
  server: SqsServer,
  QueueName: string,
  Attributes: Readonly<Record<string, string>>,
): Promise<Queue> {
  const created = await client.send(new CreateQueueCommand({ QueueName }));
  // The server's own URL has a host name that not every resolver knows, and the port of an earlier run.
  const QueueUrl = `${server.url}${new URL(created.QueueUrl ?? '').pathname}`;
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  const told = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  return { url: QueueUrl, arn: told.Attributes?.['QueueArn'] ?? '' };
}

/**
 * Whoever received these messages ended with the earlier run: nothing is gained by waiting for their timeout. One second
 * and not 0, which fauxqs 2.4.1 cannot write to its folder: it would answer 500 and lose the message until the next start.
 */
async function releaseInFlight(client: SQSClient, server: SqsServer, { url: QueueUrl }: Queue): Promise<void> {
  for (const ReceiptHandle of server.inFlight(NAMES.operations))
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 }));
}

/** Makes the table unless an earlier run has. */
export async function createTable(): Promise<void> {
  const client = new DynamoDBClient();
  try {
    await client.send(new CreateTableCommand(registryTableInput(NAMES.table)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  } finally {
    client.destroy();
  }
}
