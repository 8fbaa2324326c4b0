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
import type { Configuration } from '../../functions/core/bindery-json.ts';
import type { AppId, SourceId } from '../../functions/core/configuration.ts';
import { isQueued } from '../../infra/configuration.ts';
import {
  CHECKS_QUEUE,
  DEAD_LETTERS,
  INTAKE_QUEUE,
  MARKS_QUEUE,
  OPERATIONS_QUEUE,
  PARKED_QUEUE,
  type QueueNumbers,
  TABLE,
} from '../../infra/settings.ts';
import type { SqsServer } from './servers.ts';

export const NAMES = {
  operations: 'bindery-operations',
  parked: 'bindery-parked',
  table: 'bindery-registry',
  history: 'bindery-history',
} as const;

/** The names of the queues of a mirror: two feed functions, and two take their dead letters. */
export const mirrorNames = (app: string) => ({
  marks: `bindery-marks-${app}.fifo`,
  deadMarks: `bindery-dead-marks-${app}.fifo`,
  checks: `bindery-checks-${app}`,
  deadChecks: `bindery-dead-checks-${app}`,
});

/** The names of the queues of a source on AWS. */
/** The names of the queue of a source, and of the queue for its dead letters. */
export const sourceNames = (source: string) => [`bindery-source-${source}`, `bindery-dead-source-${source}`] as const;

export type Queue = { readonly url: string; readonly arn: string };
type MirrorQueues = { readonly marks: Queue; readonly checks: Queue };
export type Queues = {
  readonly operations: Queue;
  readonly parked: Queue;
  readonly mirrors: ReadonlyMap<AppId, MirrorQueues>;
  readonly sources: ReadonlyMap<SourceId, { readonly queue: Queue; readonly dead: Queue }>;
};

/** Makes the queues, or finds those of an earlier run and gives them the current numbers. */
export async function createQueues(
  client: SQSClient,
  server: SqsServer,
  { apps = [], sources: senders = [] }: Partial<Pick<Configuration, 'apps' | 'sources'>> = {},
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
  const sources: [SourceId, { queue: Queue; dead: Queue }][] = [];
  for (const { id } of senders.filter(isQueued)) {
    const [queue, dead] = await pair(sourceNames(id), SOURCE);
    sources.push([id, { queue, dead }]);
  }
  return { operations, parked, mirrors, sources: new Map(sources) };
}

async function createPair(
  client: SQSClient,
  server: SqsServer,
  [name, deadName]: readonly [queue: string, dead: string],
  { feeding, dead, creation = {} }: Pair,
): Promise<readonly [queue: Queue, dead: Queue]> {
  const last = await createQueue(client, server, { name: deadName, creation, settings: dead });
  const queue = await createQueue(client, server, { name, creation, settings: feeding(last.arn) });
  await releaseInFlight(client, server, name, queue);
  return [queue, last];
}

type NewQueue = { readonly name: string; readonly creation: Attributes; readonly settings: Attributes };

async function createQueue(
  client: SQSClient,
  server: SqsServer,
  { name, creation, settings }: NewQueue,
): Promise<Queue> {
  const created = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: { ...creation } }));
  // The URL from the server has a host name that not every resolver knows, and may have the port of an earlier run.
  const QueueUrl = `${server.url}${new URL(created.QueueUrl ?? '').pathname}`;
  await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { ...settings } }));
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  return { url: QueueUrl, arn: Attributes?.['QueueArn'] ?? '' };
}

/**
 * Makes messages visible whose receiver ended with the earlier run. The timeout is not 0, which fauxqs 2.4.1 cannot write
 * to its folder: it would answer 500 and lose the message until the next start.
 */
async function releaseInFlight(client: SQSClient, server: SqsServer, name: string, { url }: Queue): Promise<void> {
  for (const ReceiptHandle of server.inFlight(name))
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 1 }));
}

/** Makes the tables unless they exist, and waits until they accept items. */
export async function createTables(): Promise<void> {
  const client = new DynamoDBClient();
  try {
    await Promise.all([NAMES.table, NAMES.history].map((name) => createTable(client, name)));
  } finally {
    client.destroy();
  }
}

async function createTable(client: DynamoDBClient, TableName: string): Promise<void> {
  try {
    await client.send(new CreateTableCommand(tableInput(TableName)));
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists({ client, maxWaitTime: 10, minDelay: 0.01 }, { TableName });
}

type Attributes = Readonly<Record<string, string>>;

/** Attributes of a FIFO queue, which only its creation can set. */
const FIFO: Attributes = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

/** Attributes of a queue for dead letters. */
const lastAttributes = ({ retentionS }: { retentionS: number }): Attributes => ({
  MessageRetentionPeriod: `${retentionS}`,
});

/** Attributes of a queue that feeds a function. The queue for its dead letters is made first. */
const feedingAttributes = (numbers: Omit<QueueNumbers, 'feed'>, deadLetterTargetArn: string): Attributes => ({
  VisibilityTimeout: `${numbers.visibilityS}`,
  MessageRetentionPeriod: `${numbers.retentionS}`,
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: numbers.maxReceiveCount }),
});

/** Attributes of a queue and of the queue for its dead letters. */
type Pair = {
  readonly feeding: (deadArn: string) => Attributes;
  readonly dead: Attributes;
  readonly creation?: Attributes;
};

const OPERATIONS: Pair = {
  feeding: (dead) => feedingAttributes(OPERATIONS_QUEUE, dead),
  dead: lastAttributes(PARKED_QUEUE),
};

const SOURCE: Pair = {
  feeding: (dead) => feedingAttributes(INTAKE_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
};

const MARKS: Pair = {
  feeding: (dead) => feedingAttributes(MARKS_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
  creation: FIFO,
};

const CHECKS: Pair = {
  feeding: (dead) => feedingAttributes(CHECKS_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
};

/** The input of `CreateTable`. Another call would set the expiry, and the embedded DynamoDB does not have it. */
export const tableInput = (TableName: string) =>
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
