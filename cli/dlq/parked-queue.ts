import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { chunksOf } from '../../functions/core/parallel.ts';
import { UserError } from '../../local/user-error.ts';
import { countOf, queueName } from './block.ts';
import { type Parked, parkedIn } from './message.ts';
import { calling } from './queues.ts';

export type ParkedQueue = {
  readonly client: SQSClient;
  readonly url: string;
  /** How soon after it was looked at a message can be received again (s). */
  readonly giveBackS: number;
};

export type Wanted = {
  readonly matches: (message: Parked) => boolean;
  /** The most messages to find. One more is looked for, to know whether there are more. */
  readonly limit: number;
  /** How long whatever was received stays hidden if it can't be given back (s). */
  readonly holdS: number;
  /** How long to go on receiving (s). */
  readonly readS?: number;
  readonly signal: AbortSignal;
};

export type Looked = {
  readonly found: readonly Parked[];
  /** How many were looked at and do not match. */
  readonly others: number;
  /** Whether the queue had nothing more to give. */
  readonly isWhole: boolean;
  /** About how many could not be looked at: somebody else has received them. */
  readonly hidden: number;
};

/** Deletes messages of those found. Rejects with `UserError`. */
export type Remove = (messages: readonly Parked[]) => Promise<void>;

/** Time for reading and for giving back, however large the queue: no message lapses while it is needed (s). */
export const HOLD_S = 300;
const READ_S = 120;

/** SQS: a receive that waits asks all of its servers, so one that stays empty means that nothing is there. */
const LONG_POLL_S = 2;

/** The most that SQS takes or gives in one call. */
const BATCH = 10;

/**
 * Looks at the queue, hands over what matches, and gives back what was not removed: also when the work fails or is
 * stopped. A queue cannot be read without receiving, so the messages are hidden from others meanwhile.
 */
export async function withParked<T>(
  queue: ParkedQueue,
  wanted: Wanted,
  work: (looked: Looked, remove: Remove) => Promise<T>,
): Promise<T> {
  const held = new Map<string, string>();
  try {
    return await work(await look(queue, wanted, held), (messages) => remove(queue, messages, held));
  } finally {
    await giveBack(queue, [...held.values()]);
  }
}

/** `held` gains the receipt handle of every message received, by its id. */
async function look(queue: ParkedQueue, wanted: Wanted, held: Map<string, string>): Promise<Looked> {
  const end = performance.now() + (wanted.readS ?? READ_S) * 1000;
  const found: Parked[] = [];
  let others = 0;
  while (found.length <= wanted.limit && performance.now() < end) {
    wanted.signal.throwIfAborted();
    const messages = await receive(queue, wanted.holdS);
    if (messages.length === 0) return { found, others, isWhole: true, hidden: await hiddenIn(queue, held.size) };
    const fresh = noted(messages, held);
    const matching = fresh.filter(wanted.matches);
    found.push(...matching);
    others += fresh.length - matching.length;
  }
  return { found: found.slice(0, wanted.limit), others, isWhole: false, hidden: await hiddenIn(queue, held.size) };
}

/** Those that had not been received before: SQS may deliver a message twice, and the later receipt handle counts. */
function noted(messages: readonly Message[], held: Map<string, string>): Parked[] {
  const fresh = messages.map(parkedIn).filter(({ id }) => !held.has(id));
  for (const { MessageId = '', ReceiptHandle = '' } of messages) held.set(MessageId, ReceiptHandle);
  return fresh;
}

/** SQS counts approximately, and late: what is held here may not be in its number yet. */
async function hiddenIn({ client, url: QueueUrl }: ParkedQueue, held: number): Promise<number> {
  const name = 'ApproximateNumberOfMessagesNotVisible';
  const question = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [name] });
  const { Attributes } = await calling(QueueUrl, 'read', () => client.send(question));
  return Math.max(0, Number(Attributes?.[name]) - held);
}

async function receive({ client, url: QueueUrl }: ParkedQueue, holdS: number): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: BATCH,
    WaitTimeSeconds: LONG_POLL_S,
    VisibilityTimeout: holdS,
    MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    MessageAttributeNames: ['reason'],
  });
  return (await calling(QueueUrl, 'read', () => client.send(command))).Messages ?? [];
}

async function remove(queue: ParkedQueue, messages: readonly Parked[], held: Map<string, string>): Promise<void> {
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

/** Where this fails the messages are seen again a little later: no reason to hide what the work has answered. */
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
