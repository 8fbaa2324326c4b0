import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import type { Configuration } from '../../functions/core/bindery-json.ts';
import { chunksOf } from '../../functions/core/parallel.ts';
import { errorLine, log } from '../../functions/lambda/log.ts';
import { CHECKS_QUEUE, type Feed, INTAKE_QUEUE, MARKS_QUEUE, operationsFeed } from '../../infra/settings.ts';
import type { Queue, Queues } from '../aws/resources.ts';
import { REGION } from '../aws/servers.ts';
import { type Doors, invoke } from './invoke.ts';

export type EventSource = {
  readonly client: SQSClient;
  readonly queue: Queue;
  /** Calls the function with a batch. Resolves with any response. */
  readonly invoke: (event: SQSEvent) => Promise<unknown>;
  /** The numbers of the deployed mapping. */
  readonly numbers: Feed;
  /** Receives at the same time. Default: enough to keep one processor busy. */
  readonly pollers?: number;
};

/** The deployed mapping begins with five, and runs up to `maxConcurrency` executions. */
const POLLERS = 2;

/** The most messages in one receive or delete of SQS. */
const MESSAGES_A_REQUEST = 10;

/** The longest that SQS lets a receive wait for a message. */
const LONG_POLL_S = 20;

/** The pause after a receive that failed (ms). */
const PAUSE_MS = 500;

/** The longest time a stop waits for batches under way (ms). Unfinished messages are delivered again. */
const GRACE_MS = 1_000;

/** Feeds the queue to the function until it is stopped, as Lambda's event source mapping does. */
export function startEventSource(source: EventSource): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const pollers = Promise.all(Array.from({ length: source.pollers ?? POLLERS }, () => poll(source, stopping.signal)));
  const stop = async () => {
    stopping.abort();
    await Promise.race([pollers, setTimeout(GRACE_MS, undefined, { ref: false })]);
  };
  return { stop };
}

async function poll(source: EventSource, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const messages = await gather(source, signal);
    if (messages.length > 0) await feed(source, messages);
  }
}

/** Receives a batch. With a window, adds messages until it ends or until a second passes without a message. */
async function gather(source: EventSource, signal: AbortSignal): Promise<Message[]> {
  const { batchSize, windowS = 0 } = source.numbers;
  const messages = await receive(source, signal, { most: batchSize, waitS: LONG_POLL_S });
  const end = performance.now() + windowS * 1000;
  for (let more = messages; more.length > 0 && performance.now() < end && messages.length < batchSize; ) {
    more = await receive(source, signal, { most: batchSize - messages.length, waitS: 1 });
    messages.push(...more);
  }
  return messages;
}

async function receive(
  { client, queue }: EventSource,
  abortSignal: AbortSignal,
  { most, waitS }: { most: number; waitS: number },
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queue.url,
    MaxNumberOfMessages: Math.min(MESSAGES_A_REQUEST, most),
    WaitTimeSeconds: waitS,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });
  try {
    return (await client.send(command, { abortSignal })).Messages ?? [];
  } catch (error) {
    if (abortSignal.aborted) return [];
    log('warn', 'receive.failed', errorLine(error));
    await setTimeout(PAUSE_MS, undefined, { signal: abortSignal }).catch(() => {});
    return [];
  }
}

/** Deletes the messages that are done. The others become visible again after their timeout. */
async function feed(source: EventSource, messages: readonly Message[]): Promise<void> {
  const event = eventOf(messages, source.queue.arn);
  const ids = event.Records.map(({ messageId }) => messageId);
  const remaining = await source
    .invoke(event)
    .then((response) => remainingIn(response, ids))
    .catch((error: unknown) => {
      log('error', 'invocation.failed', errorLine(error));
      return ids;
    });
  const done = event.Records.filter(({ messageId }) => !remaining.includes(messageId));
  if (done.length > 0) await remove(source, done);
}

async function remove({ client, queue }: EventSource, done: SQSEvent['Records']): Promise<void> {
  const entries = done.map(({ receiptHandle: ReceiptHandle }, i) => ({ Id: `${i}`, ReceiptHandle }));
  try {
    for (const Entries of chunksOf(entries, MESSAGES_A_REQUEST))
      await client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  } catch (error) {
    log('warn', 'delete.failed', errorLine(error));
  }
}

/** Converts received messages to the event of Lambda. */
export const eventOf = (messages: readonly Message[], queueArn: string): SQSEvent => ({
  Records: messages.map((message) => recordOf(message, queueArn)),
});

function recordOf(message: Message, eventSourceARN: string): SQSRecord {
  const { Attributes = {}, MessageAttributes = {}, MD5OfMessageAttributes: md5OfMessageAttributes } = message;
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: '',
      SentTimestamp: '',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '',
      ...Attributes,
    },
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, value]) => [name, attributeOf(value)]),
    ),
    ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: REGION,
  };
}

const attributeOf = ({
  StringValue,
  BinaryValue,
  DataType = 'String',
}: MessageAttributeValue): SQSMessageAttribute => ({
  ...(StringValue !== undefined && { stringValue: StringValue }),
  ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
  stringListValues: [],
  binaryListValues: [],
  dataType: DataType,
});

const Failures = z.array(z.object({ itemIdentifier: z.string().min(1) }));
const BatchResponse = z.object({ batchItemFailures: Failures.nullish() }).nullish();

/**
 * Returns the ids of a batch that remain on the queue after a response. No response, an empty one and one without failures
 * mean success. A response that Lambda cannot read, or that names a message outside the batch, means that the whole batch
 * failed (Lambda, "Handling errors for an SQS event source", "Success and failure conditions").
 */
export function remainingIn(response: unknown, ids: readonly string[]): readonly string[] {
  const read = BatchResponse.safeParse(response);
  if (!read.success) return ids;
  const failed = (read.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  return failed.every((id) => ids.includes(id)) ? failed : ids;
}

/** One poller: there is a queue for every kind. */
const OF_SOURCES = { numbers: INTAKE_QUEUE.feed, pollers: 1 };

/** The mappings from queues to functions, with the deployed numbers. */
export const feedsOf = (
  client: SQSClient,
  apps: Configuration['apps'],
  { operations, mirrors, sources }: Queues,
  doors: Doors,
): EventSource[] => [
  { client, queue: operations, invoke: (event) => invoke(doors.apply, event), numbers: operationsFeed(apps) },
  ...[...sources.values()].flatMap(({ queue }) => {
    const { intake } = doors;
    return intake ? [{ client, queue, invoke: (event: SQSEvent) => invoke(intake, event), ...OF_SOURCES }] : [];
  }),
  ...[...mirrors.values()].flatMap(({ marks, checks }) => {
    if (doors.mirrors === undefined) return [];
    const { mirror, verify } = doors.mirrors;
    return [
      { client, queue: marks, invoke: (event: SQSEvent) => invoke(mirror, event), numbers: MARKS_QUEUE.feed },
      { client, queue: checks, invoke: (event: SQSEvent) => invoke(verify, event), numbers: CHECKS_QUEUE.feed },
    ];
  }),
];
