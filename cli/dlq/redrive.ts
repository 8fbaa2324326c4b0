import { setTimeout } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { UserError } from '../../local/user-error.ts';
import { printable } from '../table.ts';
import { byReason, isTooOld, type ParkedMessage } from './message.ts';
import { HOLD_S, type Remove } from './parked-queue.ts';
import { calling, countOf, type ParkedQueue, queueName } from './queues.ts';

/** The longest time for which SQS hides a received message (s). */
const LONGEST_HOLD_S = 43_200;

/** Seconds to hide messages while `limit` of them are sent, at most `rate` a second. */
export function holdFor(limit: number, rate: number): number {
  const holdS = HOLD_S + Math.ceil(limit / rate);
  if (holdS <= LONGEST_HOLD_S) return holdS;
  throw new UserError(`--limit ${limit} at --rate ${rate} takes longer than the 12 hours that SQS can hold messages`);
}

export type Redrive = {
  readonly parked: ParkedQueue;
  readonly operationsUrl: string;
  readonly messages: readonly ParkedMessage[];
  readonly remove: Remove;
  /** At most so many messages a second. */
  readonly rate: number;
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number) => void;
};

/**
 * Sends each message, then deletes it from the parked queue. So a message may be sent twice, which changes nothing, but
 * is never lost. The body is sent unchanged, because another version may read what this one cannot; the reason is not sent.
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

/** Ends early when the signal aborts; the caller checks the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<void> => setTimeout(ms, undefined, { signal }).catch(() => {});

/** A summary of a redrive. The verb is `would go to` or `went to`. */
export function redriveLines(
  verb: string,
  messages: readonly ParkedMessage[],
  { url }: ParkedQueue,
  to: string,
): string[] {
  const tooOld = messages.filter((message) => isTooOld(message, Date.now())).length;
  const unread = messages.filter(({ request }) => request === undefined).length;
  return [
    `${countOf(messages.length)} ${verb} ${queueName(to)}, from ${queueName(url)}`,
    ...reasonLines(messages),
    ...(tooOld > 0 ? [`${tooOld} of them: a bind older than the horizon, which is parked again`] : []),
    ...(unread > 0 ? [`${unread} of them: cannot be read by this version, sent as it is`] : []),
  ];
}

/** A line with a count for each reason. */
export const reasonLines = (messages: readonly ParkedMessage[]): string[] =>
  byReason(messages).map(([reason, all]) => `  ${printable(reason)}: ${all.length}`);
