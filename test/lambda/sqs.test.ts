import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Line } from '../../functions/lambda/log.ts';
import { type SqsDoorPorts, sqsDoor } from '../../functions/lambda/sqs.ts';
import type { MessageResult } from '../../functions/operations/messages.ts';
import { type SqsServer, startSqs } from '../../local/aws/servers.ts';
import { eventOf } from '../../local/lambda/event-source.ts';

let server: SqsServer;
let client: SQSClient;
let queueUrl: string;
beforeAll(async () => {
  server = await startSqs();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SQSClient({ endpoint: server.url, region: 'us-east-1', credentials });
  const queue = { QueueName: 'operations', Attributes: { VisibilityTimeout: '3600' } };
  queueUrl = (await client.send(new CreateQueueCommand(queue))).QueueUrl ?? '';
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

/** What Lambda would hand over: messages that were really received, and stay invisible for an hour. */
async function received(...bodies: string[]): Promise<SQSEvent> {
  for (const MessageBody of bodies) await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  const all = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All' as const] };
  const { Messages = [] } = await client.send(new ReceiveMessageCommand(all));
  return eventOf(Messages, 'arn:aws:sqs:us-east-1:000000000000:operations');
}

const context = {} as Context; // the door looks at nothing of it

async function through(
  event: SQSEvent,
  settle: (bodies: readonly string[]) => Promise<MessageResult[]>,
  isRoutine?: SqsDoorPorts['isRoutine'],
) {
  const lines: { message: string; line: Line }[] = [];
  const door = sqsDoor({
    stage: 'apply',
    settle: (deliveries) => settle(deliveries.map(({ body }) => body)),
    client,
    queueUrls: [queueUrl],
    longestWaitS: 30,
    log: (_, message, line) => lines.push({ message, line }),
    ...(isRoutine && { isRoutine }),
  });
  return { response: await door(event, context), lines };
}

test('only the message that was not settled stays, and it is seen again long before the queue’s own timeout', async () => {
  const event = await received('one', 'two');
  const settle = async (bodies: readonly string[]): Promise<MessageResult[]> =>
    bodies.map((body) =>
      body === 'one' ? { kind: 'done', id: body, parked: 0 } : { kind: 'retry', id: body, reason: 'x' },
    );
  const { response, lines } = await through(event, settle);
  const two = event.Records.find(({ body }) => body === 'two');
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: two?.messageId }] });
  expect(lines.map(({ line }) => [line['id'], line['outcome'], line['reason'], line['receives']])).toEqual(
    event.Records.map(({ body }) => (body === 'one' ? ['one', 'done', undefined, 1] : ['two', 'retry', 'x', 1])),
  );
  // Two seconds is the longest wait after a first receive.
  const again = { QueueUrl: queueUrl, WaitTimeSeconds: 5, MaxNumberOfMessages: 10 };
  const { Messages = [] } = await client.send(new ReceiveMessageCommand(again));
  expect(Messages.map(({ Body }) => Body)).toEqual(['two']);
});

test('what went as always is one line, with every request and everybody it is about; all else has its own', async () => {
  const event = await received('a', 'b', 'parked', 'stays');
  const settle = async (bodies: readonly string[]): Promise<MessageResult[]> =>
    bodies.map((id) =>
      id === 'stays'
        ? { kind: 'retry', id, reason: 'x', who: `${id}-who` }
        : { kind: 'done', id, parked: id === 'parked' ? 1 : 0, who: `${id}-who` },
    );
  const { lines } = await through(event, settle, ({ kind, parked }) => kind === 'done' && parked === 0);
  const bodies = event.Records.map(({ body }) => body);
  const [routine, ...others] = lines.map(({ line }) => line);
  const ids = bodies.filter((body) => ['a', 'b'].includes(body));
  expect(routine).toEqual({
    ids: ids.join(' '),
    who: ids.map((id) => `${id}-who`).join(' '),
    outcome: 'done',
    messages: 2,
    receives: 1,
    waited_ms: expect.any(Number),
  });
  expect(others.map(({ id, outcome }) => [id, outcome])).toEqual(
    bodies.filter((body) => !ids.includes(body)).map((id) => [id, id === 'stays' ? 'retry' : 'done']),
  );
});

test('a bug keeps the whole batch, and its text stays out of the log', async () => {
  const event = await received('three', 'four');
  const { response, lines } = await through(event, async () => {
    throw new TypeError('canary');
  });
  expect(response).toEqual({
    batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })),
  });
  expect(lines).toMatchObject([{ message: 'bug', line: { error: 'TypeError' } }]);
  expect(JSON.stringify(lines)).not.toContain('canary');
});

test('an answer that is too short keeps what it does not mention', async () => {
  const event = await received('five', 'six');
  const { response } = await through(event, async () => [{ kind: 'done', id: 'five', parked: 0 }]);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: event.Records[1]?.messageId }] });
});

test('a message that asks for time is not seen before that, and the queue it came from is the one that is told', async () => {
  const event = await received('seven');
  const told: unknown[] = [];
  const watched = Object.assign(Object.create(client), {
    send: (command: { input: unknown }) => {
      told.push(command.input);
      return Promise.resolve({});
    },
  });
  const door = sqsDoor({
    stage: 'mirror',
    settle: async () => [{ kind: 'retry', reason: 'x', waitMs: 40_000 }],
    client: watched,
    queueUrls: [`${queueUrl}-other`, queueUrl],
    longestWaitS: 1,
    log: () => {},
  });
  await door(event, context);
  expect(told).toMatchObject([{ QueueUrl: queueUrl, ReceiptHandle: event.Records[0]?.receiptHandle }]);
  expect([40, 41]).toContain((told[0] as { VisibilityTimeout: number }).VisibilityTimeout);
});
