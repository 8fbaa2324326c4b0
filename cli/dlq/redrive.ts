import { setTimeout } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { UserError } from '../../local/user-error.ts';
import { countOf, printable, queueName } from './block.ts';
import { isTooOld, type Parked, reasonsOf } from './message.ts';
import { HOLD_S, type ParkedQueue, type Remove } from './parked-queue.ts';
import { calling } from './queues.ts';

/** The longest that SQS keeps a received message from others (s). */
const LONGEST_HOLD_S = 43_200;

/** How long messages must be held back for `limit` of them to be sent, at most `rate` a second. */
export function holdFor(limit: number, rate: number): number {
  const holdS = HOLD_S + Math.ceil(limit / rate);
  if (holdS <= LONGEST_HOLD_S) return holdS;
  throw new UserError(`--limit ${limit} at --rate ${rate} takes longer than the 12 hours that SQS can hold messages`);
}

export type Redrive = {
  readonly parked: ParkedQueue;
  readonly operationsUrl: string;
  readonly messages: readonly Parked[];
  readonly remove: Remove;
  /** Messages a second, at most. */
  readonly rate: number;
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number) => void;
};

/**
 * Sends each message, then deletes it where it was parked: a message may be sent twice, which changes nothing, and is
 * never lost. Its body goes as it is, for a version that can read what this one cannot; its reason stays behind.
 */
export async function redrive({ parked, operationsUrl: QueueUrl, messages, ...how }: Redrive): Promise<void> {
  let gone = 0;
  try {
    for (const message of messages) {
      how.signal.throwIfAborted();
      const command = new SendMessageCommand({ QueueUrl, MessageBody: message.body });
      await calling(QueueUrl, 'sent to', () => parked.client.send(command));
      await how.remove([message]);
      how.onProgress(++gone);
      if (gone < messages.length) await pause(1000 / how.rate, how.signal);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(...error.lines, `${gone} of ${countOf(messages.length)} had been redriven before`);
  }
}

/** Ends early when it is to stop; the caller looks why. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => setTimeout(ms, undefined, { signal }).catch(() => {});

/** What a redrive does, in so many words: `would go to`, `went to`. */
export function redriveLines(verb: string, messages: readonly Parked[], { url }: ParkedQueue, to: string): string[] {
  const tooOld = messages.filter((message) => isTooOld(message, Date.now())).length;
  const unread = messages.filter(({ request }) => request === undefined).length;
  return [
    `${countOf(messages.length)} ${verb} ${queueName(to)}, from ${queueName(url)}`,
    ...reasonLines(messages),
    ...(tooOld > 0 ? [`${tooOld} of them: a bind older than the horizon, which is parked again`] : []),
    ...(unread > 0 ? [`${unread} of them: cannot be read by this version, sent as it is`] : []),
  ];
}

/** How many of each reason. */
export const reasonLines = (messages: readonly Parked[]): string[] =>
  reasonsOf(messages).map(([reason, all]) => `  ${printable(reason)}: ${all.length}`);
