import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPERATIONS_QUEUE, PARKED_QUEUE, TABLE } from '../../infra/settings.ts';
import { createQueues, createTables, NAMES, type Queue, type Queues } from '../../local/aws/resources.ts';
import { type Running, type SqsServer, startDynamodb, startSqs } from '../../local/aws/servers.ts';
import { pointAwsAt } from '../../local/environment.ts';

let sqs: SqsServer;
let dynamodb: Running;
let client: SQSClient;
let queues: Queues;
beforeAll(async () => {
  sqs = await startSqs();
  dynamodb = await startDynamodb();
  pointAwsAt({ sqs: sqs.url, dynamodb: dynamodb.url, secrets: dynamodb.url });
  client = new SQSClient();
  queues = await createQueues(client, sqs);
  await createTables();
});
afterAll(async () => {
  client.destroy();
  await Promise.all([sqs.stop(), dynamodb.stop()]);
});

const attributesOf = async ({ url: QueueUrl }: Queue) =>
  (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {};

test('the embedded queues have the numbers of the deployed ones', async () => {
  expect(await attributesOf(queues.operations)).toMatchObject({
    VisibilityTimeout: `${OPERATIONS_QUEUE.visibilityS}`,
    MessageRetentionPeriod: `${OPERATIONS_QUEUE.retentionS}`,
  });
  const { RedrivePolicy = '' } = await attributesOf(queues.operations);
  const { maxReceiveCount } = OPERATIONS_QUEUE;
  expect(JSON.parse(RedrivePolicy)).toEqual({ deadLetterTargetArn: queues.parked.arn, maxReceiveCount });
  const parked = await attributesOf(queues.parked);
  expect(parked).toMatchObject({ MessageRetentionPeriod: `${PARKED_QUEUE.retentionS}` });
  expect(parked).not.toHaveProperty('RedrivePolicy');
});

test('queues that an earlier version made get the numbers of today', async () => {
  const Attributes = { VisibilityTimeout: '7' };
  await client.send(new SetQueueAttributesCommand({ QueueUrl: queues.operations.url, Attributes }));
  await createQueues(client, sqs);
  expect(await attributesOf(queues.operations)).toMatchObject({
    VisibilityTimeout: `${OPERATIONS_QUEUE.visibilityS}`,
  });
});

test('the embedded table has the keys of the deployed one, also if it exists already', async () => {
  await createTables();
  const table = new DynamoDBClient();
  const { Table } = await table.send(new DescribeTableCommand({ TableName: NAMES.table }));
  table.destroy();
  expect(Table).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: [
      { AttributeName: TABLE.partitionKey, KeyType: 'HASH' },
      { AttributeName: TABLE.sortKey, KeyType: 'RANGE' },
    ],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  });
});

test('the embedded servers listen on this machine only', () => {
  expect([sqs.url, dynamodb.url].map((url) => new URL(url).hostname)).toEqual(['127.0.0.1', '127.0.0.1']);
});

test('the AWS settings of the user never reach the functions, and invalid credentials replace theirs', () => {
  const gone = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AWS_ENDPOINT_URL', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'];
  for (const name of [...gone, 'AWS_ACCESS_KEY_ID']) process.env[name] = 'user';
  pointAwsAt({ sqs: sqs.url, dynamodb: dynamodb.url, secrets: dynamodb.url });
  expect(gone.filter((name) => process.env[name] !== undefined)).toEqual([]);
  expect(process.env['AWS_ACCESS_KEY_ID']).toBe('local');
});
