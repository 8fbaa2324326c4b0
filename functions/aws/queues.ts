import { Buffer } from 'node:buffer';
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { applyAll, type RegistryPorts } from '../core/apply.ts';
import { AppId } from '../core/configuration.ts';
import { messageOf, type OperationsMessage } from '../core/operation.ts';
import { Unavailable } from '../core/outcome.ts';
import { AT_ONCE, chunksOf, inParallel } from '../core/parallel.ts';
import { queueOf, type SqsDoorPorts } from '../lambda/sqs.ts';
import {
  type AccountMark,
  type Cause,
  type Check,
  type ChecksMessage,
  type DirtyMark,
  type Marks,
  type MarksMessage,
  marksOf,
  TOKENS_A_QUERY,
} from '../mirror/mark.ts';
import { TOKENS_A_CALL } from '../mirror/plan.ts';
import { type Accept, type AcceptPorts, accepting } from '../operations/accept.ts';
import type { AppliedOperation, Mirrors } from '../operations/messages.ts';
import type { AwsClient } from './calls.ts';
import { awsClient } from './client.ts';
import { callSdk } from './sdk.ts';

/** The most bytes in the body of a message. SQS takes 1 MiB (2025-08), and the attributes of a parked one count too. */
const MESSAGE_BYTES = 1024 * 1024 - 1024;

/**
 * Puts a request's operations on the queue as one message, so that all of them are on it or none. Resolves when they are
 * durable, or with `tooLarge`, and nothing sent, if they do not fit into a message. Workers get them after `delayS`
 * seconds. Default: 0.
 */
export const operationsQueue =
  (client: AwsClient<'sqs'>, QueueUrl: string, delayS = 0): AcceptPorts['enqueue'] =>
  async (origin, operations) => {
    const MessageBody = operationsMessage(origin, operations);
    if (MessageBody.length > MESSAGE_BYTES) return { kind: 'tooLarge' };
    await client.call('SendMessage', { QueueUrl, MessageBody, DelaySeconds: delayS });
    return undefined;
  };

/** Parks a message for an operator, with the reason as a message attribute to filter by. Text is parked as it stands. */
export const parkedQueue =
  (client: SQSClient, QueueUrl: string) =>
  async (message: OperationsMessage | string, reason: string): Promise<void> => {
    const MessageBody = typeof message === 'string' ? message : ascii(message);
    const MessageAttributes = { reason: { DataType: 'String', StringValue: reason } };
    await callSdk(() => client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes })));
  };

/** The body of a message with a request's operations. */
export const operationsMessage = (...parameters: Parameters<typeof messageOf>): string =>
  ascii(messageOf(...parameters));

/** Returns JSON in ASCII: SQS refuses some characters of Unicode, and in ASCII a text's length is its size. */
function ascii(value: unknown): string {
  const text = JSON.stringify(value);
  // Most messages are ASCII already, and counting bytes is many times faster than a look at each character.
  if (Buffer.byteLength(text) === text.length) return text;
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** How long a caller waits for its operations to be applied (ms); then the answer is that they are durable. */
const ANSWER_BUDGET_MS = 1_000;

/**
 * How long the queue hides operations from workers (s): as long as a caller may wait. Without the delay a worker would
 * make the same writes at the same time, and each event would cost twice.
 */
const DELAY_S = Math.ceil(ANSWER_BUDGET_MS / 1000);

/** Accepts operations: sends them to the queue, then applies them too. */
export const acceptInto = (queueUrl: string, registry: RegistryPorts, client = awsClient('sqs')): Accept => {
  const accept = accepting({
    enqueue: operationsQueue(client, queueUrl, DELAY_S),
    apply: (operations, announce, durable) => applyAll(registry, operations, { answers: true, announce, durable }),
    withinBudget: async (work) => {
      const { promise: late, resolve } = Promise.withResolvers<'late'>();
      const timer = setTimeout(resolve, ANSWER_BUDGET_MS, 'late');
      try {
        return await Promise.race([work, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  });
  return (origin, operations) => accept({ ...origin, acceptedMs: registry.now() }, operations);
};

export type MarksQueuePorts = {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** A keyed digest in hexadecimal: SQS does not encrypt group and deduplication ids. */
  readonly digest: () => Promise<(text: string) => string>;
};

/**
 * Message groups of a mirror's queue. All marks of a token are in one group, so only one worker at a time pushes it.
 * The fewer the groups, the more tokens fit in one message and one call.
 */
const GROUPS = 16;

/** Messages in one request to SQS. The largest marks and checks stay below its 1 MiB together. */
const MESSAGES_A_REQUEST = 10;

/** Puts marks of an app on its mirror's queue; resolves when all are durable. */
export const marksQueue =
  ({ client, queueUrl, digest }: MarksQueuePorts) =>
  async (app: AppId, marks: Marks): Promise<void> => {
    const messages = messagesOf(app, marks, await digest());
    await inParallel(chunksOf(messages, MESSAGES_A_REQUEST), AT_ONCE, (some) => sendBatch(client, queueUrl, some));
  };

/** Puts the marks for applied operations on the queue of each app's mirror. */
export const mirrorMarks = ({
  client,
  queueUrls,
  digest,
}: Omit<MarksQueuePorts, 'queueUrl'> & { readonly queueUrls: Readonly<Record<AppId, string>> }): Mirrors => {
  const queues = new Map(
    Object.entries(queueUrls).map(([app, queueUrl]) => [AppId.parse(app), marksQueue({ client, queueUrl, digest })]),
  );
  const mark = async (applied: readonly AppliedOperation[]) => {
    const byApp = Map.groupBy(applied, ({ operation }) => operation.app);
    await Promise.all([...byApp].map(([app, own]) => queues.get(app)?.(app, marksOf(own))));
  };
  return { apps: new Set(queues.keys()), mark };
};

type QueueMessage = Omit<SendMessageBatchRequestEntry, 'Id'>;

function messagesOf(app: AppId, { tokens, accounts }: Marks, hash: (text: string) => string): QueueMessage[] {
  const groupOf = (name: string) => `${Number.parseInt(hash(name).slice(0, 8), 16) % GROUPS}`;
  const message = (group: string, marks: { tokens?: DirtyMark[]; accounts?: AccountMark[] }): QueueMessage => {
    const body = ascii({ v: 1, app, tokens: [], accounts: [], ...marks } satisfies MarksMessage);
    // Equal marks come from a redelivery: within the five minutes of deduplication the first message still counts.
    return { MessageBody: body, MessageGroupId: group, MessageDeduplicationId: hash(body) };
  };
  const byGroup = Map.groupBy(tokens, ({ token }) => groupOf(token));
  return [
    ...[...byGroup].flatMap(([group, own]) =>
      chunksOf(own, TOKENS_A_CALL).map((chunk) => message(group, { tokens: chunk })),
    ),
    ...accounts.map((mark) => message(groupOf(JSON.stringify(mark.account)), { accounts: [mark] })),
  ];
}

async function sendBatch(client: SQSClient, QueueUrl: string, messages: readonly QueueMessage[]): Promise<void> {
  const Entries = messages.map((message, i) => ({ Id: `${i}`, ...message }));
  const { Failed = [] } = await callSdk(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
  if (Failed.length > 0) throw new Unavailable(Failed[0]?.Code ?? 'not sent');
}

/** Has tokens of an app verified after a delay (s, 0 to 900); resolves when all checks are durable. */
export const checksQueue =
  (client: SQSClient, QueueUrl: string) =>
  async (app: AppId, cause: Cause, checks: readonly Check[], DelaySeconds: number): Promise<void> => {
    const messages = chunksOf(checks, TOKENS_A_QUERY).map((some) => ({
      MessageBody: ascii({ v: 1, app, cause, checks: some } satisfies ChecksMessage),
      DelaySeconds,
    }));
    for (const some of chunksOf(messages, MESSAGES_A_REQUEST)) await sendBatch(client, QueueUrl, some);
  };

/** Hides a message from workers for a time, on the one of the queues that it came from. */
export const postponeIn =
  (client: SQSClient, queueUrls: readonly string[]): SqsDoorPorts['postpone'] =>
  async (record, VisibilityTimeout) => {
    const { receiptHandle: ReceiptHandle } = record;
    const QueueUrl = queueUrls.find((url) => nameIn(url) === queueOf(record));
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  };

/** The name of a queue, in which its URL and its ARN end. */
export const nameIn = (url: string): string => url.split('/').at(-1) ?? '';
