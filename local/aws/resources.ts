import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ResourceInUseException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { AppId, Configuration } from '../../functions/core/configuration.ts';
import {
  CHECKS_QUEUE,
  DEAD_LETTERS,
  MARKS_QUEUE,
  OPERATIONS_QUEUE,
  PARKED_QUEUE,
  type QueueNumbers,
  TABLE,
} from '../../infra/settings.ts';
import type { SqsServer } from './servers.ts';

export const NAMES = { operations: 'bindery-operations', parked: 'bindery-parked', table: 'bindery-registry' } as const;

/** Queues of one mirror, by the app: those that feed a function, and those of their dead letters. */
export const mirrorNames = (app: string) => ({
  marks: `bindery-marks-${app}.fifo`,
  deadMarks: `bindery-dead-marks-${app}.fifo`,
  checks: `bindery-checks-${app}`,
  deadChecks: `bindery-dead-checks-${app}`,
});

export type Queue = { readonly url: string; readonly arn: string };
type MirrorQueues = { readonly marks: Queue; readonly checks: Queue };
export type Queues = {
  readonly operations: Queue;
  readonly parked: Queue;
  readonly mirrors: ReadonlyMap<AppId, MirrorQueues>;
};

/** Makes the queues, or finds those of an earlier run and gives them today's numbers. */
export async function createQueues(
  client: SQSClient,
  server: SqsServer,
  apps: Configuration['apps'] = [],
): Promise<Queues> {
  const pair = (names: readonly [queue: string, dead: string], as: Pair) => createPair(client, server, names, as);
  const [operations, parked] = await pair([NAMES.operations, NAMES.parked], OPERATIONS);
  const mirrors = new Map<AppId, MirrorQueues>();
  for (const { id, mirror } of apps) {
    if (mirror === undefined) continue;
    const names = mirrorNames(id);
    const [marks] = await pair([names.marks, names.deadMarks], MARKS);
    const [checks] = await pair([names.checks, names.deadChecks], CHECKS);
    mirrors.set(id, { marks, checks });
  }
  return { operations, parked, mirrors };
}

async function createPair(
  client: SQSClient,
  server: SqsServer,
  [name, deadName]: readonly [queue: string, dead: string],
  { feeding, dead, made = {} }: Pair,
): Promise<readonly [queue: Queue, dead: Queue]> {
  const last = await createQueue(client, server, { name: deadName, made, told: dead });
  const queue = await createQueue(client, server, { name, made, told: feeding(last.arn) });
  await releaseInFlight(client, server, name, queue);
  return [queue, last];
}

type Made = { readonly name: string; readonly made: Attributes; readonly told: Attributes };

async function createQueue(client: SQSClient, server: SqsServer, { name, made, told }: Made): Promise<Queue> {
  const created = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: { ...made } }));
  // The server's own URL has a host name that not every resolver knows, and the port of an earlier run.
  const QueueUrl = `${server.url}${new URL(created.QueueUrl ?? '').pathname}`;
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { ...told } }));
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  return { url: QueueUrl, arn: Attributes?.['QueueArn'] ?? '' };
}

/**
 * Whoever received these messages ended with the earlier run: nothing is gained by waiting for their timeout. One second
 * and not 0, which fauxqs 2.4.1 cannot write to its folder: it would answer 500 and lose the message until the next start.
 */
async function releaseInFlight(client: SQSClient, server: SqsServer, name: string, { url }: Queue): Promise<void> {
  for (const ReceiptHandle of server.inFlight(name))
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 1 }));
}

/** Makes the table unless an earlier run has, and waits until it takes what is put into it. */
export async function createTable(): Promise<void> {
  const client = new DynamoDBClient();
  try {
    await client.send(new CreateTableCommand(registryTableInput(NAMES.table)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  try {
    await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01 }, { TableName: NAMES.table });
  } finally {
    client.destroy();
  }
}

type Attributes = Readonly<Record<string, string>>;

/** What a FIFO queue is when it is made, and stays. */
const FIFO: Attributes = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

/** What a queue is told that takes dead letters. */
const lastAttributes = ({ retentionS }: { retentionS: number }): Attributes => ({
  MessageRetentionPeriod: `${retentionS}`,
});

/** What a queue is told that feeds a function. The queue of its dead letters is made first. */
const feedingAttributes = (numbers: Omit<QueueNumbers, 'feed'>, deadLetterTargetArn: string): Attributes => ({
  VisibilityTimeout: `${numbers.visibilityS}`,
  MessageRetentionPeriod: `${numbers.retentionS}`,
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: numbers.maxReceiveCount }),
});

/** A queue and the one behind it, as the server is told of them. */
type Pair = {
  readonly feeding: (deadArn: string) => Attributes;
  readonly dead: Attributes;
  readonly made?: Attributes;
};

const OPERATIONS: Pair = {
  feeding: (dead) => feedingAttributes(OPERATIONS_QUEUE, dead),
  dead: lastAttributes(PARKED_QUEUE),
};

const MARKS: Pair = {
  feeding: (dead) => feedingAttributes(MARKS_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
  made: FIFO,
};

const CHECKS: Pair = {
  feeding: (dead) => feedingAttributes(CHECKS_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
};

/** What `CreateTable` is told of the registry. Expiry is set by another call, which the embedded DynamoDB does not have. */
export const registryTableInput = (TableName: string) =>
  ({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: TABLE.partitionKey, AttributeType: 'S' },
      { AttributeName: TABLE.sortKey, AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
      { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
    ],
  }) satisfies CreateTableCommandInput;
