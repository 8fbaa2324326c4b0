import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EVENT_SOURCE, operationsFeed } from '../../infra/settings.ts';
import { createQueues, NAMES, type Queue } from '../../local/aws/resources.ts';
import { type SqsServer, startSqs } from '../../local/aws/servers.ts';
import { feedsOf, startEventSource } from '../../local/lambda/event-source.ts';
import type { Doors } from '../../local/lambda/invoke.ts';
import { CONFIGURATION, MIRRORED } from '../infra/synthesis.ts';
import { temporaryFolder } from './instance.ts';

let server: SqsServer;
let client: SQSClient;
beforeAll(async () => {
  server = await startSqs();
  client = clientOf(server);
});
afterAll(() => server.stop());

const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const clientOf = ({ url }: SqsServer) => new SQSClient({ endpoint: url, region: 'us-east-1', credentials });

let queues = 0;
async function emptyQueue(name = `queue-${queues++}`): Promise<Queue> {
  await client.send(new CreateQueueCommand({ QueueName: name }));
  return { url: `${server.url}/000000000000/${name}`, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
}

async function countsOf({ url }: Queue) {
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    visible: Number(Attributes?.['ApproximateNumberOfMessages']),
    inFlight: Number(Attributes?.['ApproximateNumberOfMessagesNotVisible']),
  };
}

/** Feeds a queue to a function until its first call. Returns the event of this call. */
async function fedOnce(queue: Queue, respond: (ids: string[]) => unknown, from = client): Promise<SQSEvent> {
  const called = Promise.withResolvers<SQSEvent>();
  const invoke = async (event: SQSEvent) => {
    called.resolve(event);
    return respond(event.Records.map(({ messageId }) => messageId));
  };
  const source = startEventSource({ client: from, queue, invoke, numbers: EVENT_SOURCE });
  const event = await called.promise;
  await source.stop();
  return event;
}

const failures = (...ids: unknown[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });

test.each<[response: string, left: number, respond: (ids: string[]) => unknown]>([
  ['nothing', 0, () => undefined],
  ['null', 0, () => null],
  ['an empty object', 0, () => ({})],
  ['null for the failures', 0, () => ({ batchItemFailures: null })],
  ['no failures', 0, () => failures()],
  ['one message', 1, ([first]) => failures(first)],
  ['two messages', 2, ([first, second]) => failures(first, second)],
  ['one message twice', 1, ([first]) => failures(first, first)],
  ['all messages', 3, (ids) => failures(...ids)],
  ['an exception', 3, () => Promise.reject(new Error('a bug'))],
  ['a message that is not in the batch', 3, ([first]) => failures(first, 'another')],
  ['an empty id', 3, () => failures('')],
  ['null for an id', 3, () => failures(null)],
  ['another key for the id', 3, ([first]) => ({ batchItemFailures: [{ messageId: first }] })],
  ['ids without their key', 3, ([first]) => ({ batchItemFailures: [first] })],
  ['text', 3, () => 'done'],
])('a function that answers a batch of 3 with %s leaves %i of them on the queue', async (_, inFlight, respond) => {
  const queue = await emptyQueue();
  const Entries = ['a', 'b', 'c'].map((body) => ({ Id: body, MessageBody: body }));
  await client.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  await fedOnce(queue, respond);
  expect(await countsOf(queue)).toEqual({ visible: 0, inFlight });
});

test('a function receives records in the format of Lambda', async () => {
  const queue = await emptyQueue();
  const MessageAttributes = {
    reason: { DataType: 'String', StringValue: 'why' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
  };
  const sent = await client.send(
    new SendMessageCommand({ QueueUrl: queue.url, MessageBody: '{"v":1}', MessageAttributes }),
  );
  const { Records } = await fedOnce(queue, () => undefined);
  expect(Records).toEqual([
    {
      messageId: sent.MessageId,
      receiptHandle: expect.stringMatching(/./),
      body: '{"v":1}',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.stringMatching(/./),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
      },
      messageAttributes: {
        reason: { stringValue: 'why', stringListValues: [], binaryListValues: [], dataType: 'String' },
        bytes: { binaryValue: 'AQI=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
      },
      md5OfMessageAttributes: sent.MD5OfMessageAttributes,
      md5OfBody: sent.MD5OfMessageBody,
      eventSource: 'aws:sqs',
      eventSourceARN: queue.arn,
      awsRegion: 'us-east-1',
    },
  ]);
});

test('a message that arrives within the window of the mapping is in the batch of the first message', async () => {
  const queue = await emptyQueue();
  const called = Promise.withResolvers<SQSEvent>();
  const invoke = async (event: SQSEvent) => called.resolve(event);
  const numbers = { ...operationsFeed([]), batchSize: 2, windowS: 60 };
  const source = startEventSource({ client, queue, invoke, numbers, pollers: 1 });
  await client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'first' }));
  while ((await countsOf(queue)).inFlight === 0);
  await client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'second' }));
  const { Records } = await called.promise;
  expect(Records.map(({ body }) => body)).toEqual(['first', 'second']);
  await source.stop();
});

test('a failed receive is tried again', async () => {
  const queue = { url: `${server.url}/000000000000/late`, arn: 'arn:aws:sqs:us-east-1:000000000000:late' };
  const called = fedOnce(queue, () => undefined);
  await emptyQueue('late');
  await client.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'after all' }));
  expect((await called).Records.map(({ body }) => body)).toEqual(['after all']);
});

test('a message that an ended instance had received is delivered soon after the next start', async () => {
  const folder = temporaryFolder();
  const earlier = await startSqs(folder);
  const before = clientOf(earlier);
  const { url: QueueUrl } = (await createQueues(before, earlier)).operations;
  await before.send(new SendMessageCommand({ QueueUrl, MessageBody: 'under way' }));
  await before.send(new ReceiveMessageCommand({ QueueUrl }));
  expect(earlier.inFlight(NAMES.operations)).toHaveLength(1);
  await earlier.stop();

  const next = await startSqs(folder);
  const after = clientOf(next);
  const { operations } = await createQueues(after, next);
  const { Records } = await fedOnce(operations, () => undefined, after);
  expect(Records.map(({ body, attributes }) => [body, attributes.ApproximateReceiveCount])).toEqual([
    ['under way', '2'],
  ]);
  await next.stop();
});

test('the operations queue is fed with the deployed window: a second, none if an app has a mirror', () => {
  const queue = { url: 'http://127.0.0.1:1/operations', arn: 'arn:aws:sqs:us-east-1:000000000000:operations' };
  const queues = { operations: queue, parked: queue, mirrors: new Map(), sources: new Map() };
  const numbers = [CONFIGURATION, MIRRORED].map(({ apps }) => feedsOf(client, apps, queues, {} as Doors)[0]?.numbers);
  expect(numbers).toEqual([CONFIGURATION, MIRRORED].map(({ apps }) => operationsFeed(apps)));
  expect(numbers.map((one) => one?.windowS)).toEqual([1, 0]);
});
