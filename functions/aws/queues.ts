import { Buffer } from 'node:buffer';
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { applyAll, type RegistryPorts } from '../core/apply.ts';
import { AppId } from '../core/configuration.ts';
import type { Operation, OperationsMessage } from '../core/operation.ts';
import { Unavailable } from '../core/outcome.ts';
import { chunksOf } from '../core/parallel.ts';
import type { SqsDoorPorts } from '../lambda/sqs.ts';
import {
  type AccountMark,
  type Cause,
  type Check,
  type ChecksMessage,
  type DirtyMark,
  type Marks,
  type MarksMessage,
  marksOf,
} from '../mirror/mark.ts';
import { type Accept, accepting } from '../operations/accept.ts';
import type { AppliedOperation, Mirrors } from '../operations/messages.ts';
import { asking, QUEUE_CLIENT } from './client.ts';

/** What SQS bills as one request (bytes): a message is filled up to here. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Puts a request's operations on the queue, in as few messages as possible; resolves when all are held. Workers see them
 * after `delayS` seconds.
 */
export const operationsQueue =
  (client: SQSClient, QueueUrl: string, delayS = 0) =>
  async (id: string, operations: readonly Operation[]): Promise<void> => {
    const bodies = packed(id, operations);
    const message = { QueueUrl, DelaySeconds: delayS };
    await asking(() =>
      Promise.all(bodies.map((MessageBody) => client.send(new SendMessageCommand({ ...message, MessageBody })))),
    );
  };

/** Sets operations aside where a person will look, with the reason as an attribute to filter by. */
export const parkedQueue =
  (client: SQSClient, QueueUrl: string) =>
  async (id: string, operations: readonly Operation[], reason: string): Promise<void> => {
    const MessageAttributes = { reason: { DataType: 'String', StringValue: reason } };
    const bodies = packed(id, operations);
    await asking(() =>
      Promise.all(
        bodies.map((MessageBody) => client.send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }))),
      ),
    );
  };

/** One message for as many operations as fit. Operations are idempotent: where only some messages arrive, the caller sends all again. */
export function packed(id: string, operations: readonly Operation[]): string[] {
  const whole = ascii({ v: 1, id, operations: [...operations] } satisfies OperationsMessage);
  return whole.length <= CHUNK_BYTES ? [whole] : split(id, operations);
}

function split(id: string, operations: readonly Operation[]): string[] {
  const chunks: string[][] = [];
  let room = 0;
  for (const operation of operations) {
    const text = ascii(operation);
    if (text.length + 1 > room) {
      chunks.push([]);
      room = CHUNK_BYTES - ENVELOPE_BYTES;
    }
    chunks.at(-1)?.push(text);
    room -= text.length + 1;
  }
  const envelope = ascii({ v: 1, id, operations: [] } satisfies OperationsMessage).slice(0, -']}'.length);
  return chunks.map((chunk) => `${envelope}${chunk.join(',')}]}`);
}

/** Room for the message around its operations: the version, and an id of up to 256 characters. */
const ENVELOPE_BYTES = 512;

/** JSON in ASCII: SQS refuses some characters of Unicode, and one byte a character makes sizes plain. */
function ascii(value: unknown): string {
  const text = JSON.stringify(value);
  // Counting bytes is many times faster than looking at each character, and most of what is sent is ASCII already.
  if (Buffer.byteLength(text) === text.length) return text;
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** How long a caller waits for its operations to take effect (ms) before it is told that they are on the queue. */
const BUDGET_MS = 1_000;

/**
 * How long the queue keeps operations to itself (s): until a caller is no longer kept waiting. A worker that came at once
 * would write what is being written here, and each event would be paid for twice.
 */
const DELAY_S = Math.ceil(BUDGET_MS / 1000);

/** Sends operations to the queue and applies them here too. */
export const acceptInto = (queueUrl: string, registry: RegistryPorts): Accept =>
  accepting({
    enqueue: operationsQueue(new SQSClient(QUEUE_CLIENT), queueUrl, DELAY_S),
    apply: (operations) => applyAll(registry, operations),
    withinBudget: async (work) => {
      const { promise: late, resolve } = Promise.withResolvers<'late'>();
      const timer = setTimeout(resolve, BUDGET_MS, 'late');
      try {
        return await Promise.race([work, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  });

export type MarksQueuePorts = {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** A keyed digest in hexadecimal: group and deduplication ids are metadata, which nobody encrypts. */
  readonly digest: () => Promise<(text: string) => string>;
};

/**
 * Groups of a mirror's queue. All marks of a token are in one, so that one worker at a time tells the hosted side about
 * it; few groups let many tokens travel in one message, and one call.
 */
const GROUPS = 16;

/** Marks in one message: what one call takes. */
const MARKS_A_MESSAGE = 20;

/** Messages SQS takes at once. */
const MESSAGES_A_REQUEST = 10;

/** Puts marks of an app on its mirror's queue; resolves when all are held. */
export const marksQueue =
  ({ client, queueUrl, digest }: MarksQueuePorts) =>
  async (app: AppId, marks: Marks): Promise<void> => {
    const hash = await digest();
    const requests = chunksOf(entriesOf(app, marks, hash), MESSAGES_A_REQUEST);
    await Promise.all(requests.map((entries) => send(client, queueUrl, entries)));
  };

/** What `apply` tells the mirrors: marks of each app on that app's own queue. */
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

type Entry = { readonly group: string; readonly deduplication: string; readonly body: string };

function entriesOf(app: AppId, { tokens, accounts }: Marks, hash: (text: string) => string): Entry[] {
  const groupOf = (name: string) => `${Number.parseInt(hash(name).slice(0, 8), 16) % GROUPS}`;
  const entry = (group: string, marks: { tokens?: DirtyMark[]; accounts?: AccountMark[] }): Entry => {
    const body = ascii({ v: 1, app, tokens: [], accounts: [], ...marks } satisfies MarksMessage);
    // The same marks twice are a repeated delivery of what caused them: whatever they say has been done by then.
    return { group, body, deduplication: hash(body) };
  };
  const byGroup = Map.groupBy(tokens, ({ token }) => groupOf(token));
  return [
    ...[...byGroup].flatMap(([group, own]) =>
      chunksOf(own, MARKS_A_MESSAGE).map((chunk) => entry(group, { tokens: chunk })),
    ),
    ...accounts.map((mark) => entry(groupOf(JSON.stringify(mark.account)), { accounts: [mark] })),
  ];
}

async function send(client: SQSClient, QueueUrl: string, entries: readonly Entry[]): Promise<void> {
  const Entries = entries.map(({ group, deduplication, body }, i) => ({
    Id: `${i}`,
    MessageGroupId: group,
    MessageDeduplicationId: deduplication,
    MessageBody: body,
  }));
  const { Failed = [] } = await asking(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
  if (Failed.length > 0) throw new Unavailable(Failed[0]?.Code ?? 'not sent');
}

/** Checks in one message: tokens of one query. */
const CHECKS_A_MESSAGE = 20;

/** Has tokens of an app compared with its hosted side after a delay (s, 0 to 900); resolves when all checks are held. */
export const checksQueue =
  (client: SQSClient, QueueUrl: string) =>
  async (app: AppId, cause: Cause, checks: readonly Check[], DelaySeconds: number): Promise<void> => {
    const bodies = chunksOf(checks, CHECKS_A_MESSAGE).map((some) =>
      ascii({ v: 1, app, cause, checks: some } satisfies ChecksMessage),
    );
    for (const some of chunksOf(bodies, MESSAGES_A_REQUEST)) {
      const Entries = some.map((MessageBody, i) => ({ Id: `${i}`, MessageBody, DelaySeconds }));
      const { Failed = [] } = await asking(() => client.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
      if (Failed.length > 0) throw new Unavailable(Failed[0]?.Code ?? 'not sent');
    }
  };

/** Hides a message from workers for a time, on whichever of the queues it came from. */
export const postponeIn =
  (client: SQSClient, queueUrls: readonly string[]): SqsDoorPorts['postpone'] =>
  async ({ eventSourceARN, receiptHandle: ReceiptHandle }, VisibilityTimeout) => {
    // ARN and URL of a queue both end in its name.
    const name = eventSourceARN.split(':').at(-1);
    const QueueUrl = queueUrls.find((url) => url.split('/').at(-1) === name);
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
  };
