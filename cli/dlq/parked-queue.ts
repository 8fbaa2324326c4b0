import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { chunksOf } from '../../functions/core/parallel.ts';
import { UserError } from '../../local/user-error.ts';
import { type ParkedMessage, parkedIn } from './message.ts';
import { calling, countOf, type ParkedQueue, queueName } from './queues.ts';

export type Search = {
  readonly matches: (message: ParkedMessage) => boolean;
  /** At most so many messages. The search receives one more, to know whether there are more. */
  readonly limit: number;
  /** Received messages stay hidden so long if they cannot be given back (s). */
  readonly holdS: number;
  /** The search ends after so long (s). Default: 120. */
  readonly readS?: number;
  readonly signal: AbortSignal;
};

export type SearchResult = {
  readonly found: readonly ParkedMessage[];
  /** Number of messages that were read and do not match. */
  readonly others: number;
  /** True if the queue was read to its end. */
  readonly isWhole: boolean;
  /** Approximate number of messages that another command has received. */
  readonly hidden: number;
};

/** Deletes messages that were found. Rejects with `UserError`. */
export type Remove = (messages: readonly ParkedMessage[]) => Promise<void>;

/** Longer than reading and giving back take together, so that no message becomes visible meanwhile (s). */
export const HOLD_S = 300;
const READ_S = 120;

/** A receive that waits asks all servers of SQS, so an empty answer means that the queue is empty (s). */
export const LONG_POLL_S = 2;

/** The most messages in one call of SQS. */
const BATCH = 10;

/**
 * Reads the queue, hands the matching messages to `work`, and gives back all that `work` did not remove, also when it
 * fails or is interrupted. A queue can only be read by receiving, so the messages are hidden from others meanwhile.
 */
export async function withParked<T>(
  queue: ParkedQueue,
  search: Search,
  work: (result: SearchResult, remove: Remove) => Promise<T>,
): Promise<T> {
  const held = new Map<string, string>();
  try {
    return await work(await find(queue, search, held), (messages) => remove(queue, messages, held));
  } finally {
    await giveBack(queue, [...held.values()]);
  }
}

/** `held` gains the receipt handle of every message received, by its id. */
async function find(queue: ParkedQueue, search: Search, held: Map<string, string>): Promise<SearchResult> {
  const end = performance.now() + (search.readS ?? READ_S) * 1000;
  const found: ParkedMessage[] = [];
  let others = 0;
  while (found.length <= search.limit && performance.now() < end) {
    search.signal.throwIfAborted();
    const messages = await receive(queue, search.holdS);
    if (messages.length === 0) return { found, others, isWhole: true, hidden: await hiddenIn(queue, held.size) };
    const fresh = freshIn(messages, held);
    const matching = fresh.filter(search.matches);
    found.push(...matching);
    others += fresh.length - matching.length;
  }
  return { found: found.slice(0, search.limit), others, isWhole: false, hidden: await hiddenIn(queue, held.size) };
}

/** Messages that were not received before. SQS may deliver a message twice, and then the later receipt handle counts. */
function freshIn(messages: readonly Message[], held: Map<string, string>): ParkedMessage[] {
  const fresh = messages.map(parkedIn).filter(({ id }) => !held.has(id));
  for (const { MessageId = '', ReceiptHandle = '' } of messages) held.set(MessageId, ReceiptHandle);
  return fresh;
}

/** SQS counts approximately and late: its number may not include the messages held here yet. */
async function hiddenIn({ client, url: QueueUrl }: ParkedQueue, held: number): Promise<number> {
  const name = 'ApproximateNumberOfMessagesNotVisible';
  const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] });
  const { Attributes } = await calling(QueueUrl, 'read', () => client.send(question));
  return Math.max(0, Number(Attributes?.[name]) - held);
}

async function receive({ client, url: QueueUrl, pollS }: ParkedQueue, holdS: number): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: BATCH,
    WaitTimeSeconds: pollS,
    VisibilityTimeout: holdS,
    MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    MessageAttributeNames: ['reason'],
  });
  return (await calling(QueueUrl, 'read', () => client.send(command))).Messages ?? [];
}

async function remove(
  queue: ParkedQueue,
  messages: readonly ParkedMessage[],
  held: Map<string, string>,
): Promise<void> {
  const { client, url: QueueUrl } = queue;
  for (const batch of chunksOf(messages, BATCH)) {
    const Entries = batch.map(({ id }, i) => ({ Id: `${i}`, ReceiptHandle: held.get(id) ?? '' }));
    const command = new DeleteMessageBatchCommand({ QueueUrl, Entries });
    const { Successful = [], Failed = [] } = await calling(QueueUrl, 'deleted from', () => client.send(command));
    for (const { Id } of Successful) held.delete(batch[Number(Id)]?.id ?? '');
    if (Failed.length > 0)
      throw new UserError(`${queueName(QueueUrl)} has not deleted ${countOf(Failed.length)}: ${Failed[0]?.Code}`);
  }
}

/** A failure is only a warning: the messages become visible some minutes later, and the answer of `work` still counts. */
async function giveBack({ client, url: QueueUrl, giveBackS }: ParkedQueue, handles: readonly string[]): Promise<void> {
  try {
    for (const batch of chunksOf(handles, BATCH)) {
      const Entries = batch.map((ReceiptHandle, i) => ({ Id: `${i}`, ReceiptHandle, VisibilityTimeout: giveBackS }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries });
      await calling(QueueUrl, 'given its messages back', () => client.send(command));
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.warn(`${error.message}; they stay hidden for some minutes`);
  }
}
