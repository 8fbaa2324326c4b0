import { Buffer } from 'node:buffer';
import type { Message } from '@aws-sdk/client-sqs';
import { horizonAt } from '../../functions/core/merge.ts';
import { binds, OperationsMessage } from '../../functions/core/operation.ts';
import { jsonIn } from '../../functions/lambda/request.ts';

/** The reason of a message without one: SQS moved it after more receives than the operations queue allows. */
export const DEAD_LETTER = 'dead-letter';

export type ParkedMessage = {
  readonly id: string;
  readonly body: string;
  readonly reason: string;
  /** Time of parking (ms since 1970). For a dead letter, of the first sending: SQS keeps that time. */
  readonly sentMs: number;
  readonly receives: number;
  /** The parsed body; undefined if this version cannot read it. */
  readonly request?: OperationsMessage;
};

export function parkedIn(message: Message): ParkedMessage {
  const { MessageId: id = '', Body: body = '', Attributes = {}, MessageAttributes = {} } = message;
  const read = OperationsMessage.safeParse(jsonIn(Buffer.from(body))?.value);
  return {
    id,
    body,
    reason: MessageAttributes['reason']?.StringValue ?? DEAD_LETTER,
    sentMs: Number(Attributes.SentTimestamp),
    receives: Number(Attributes.ApproximateReceiveCount),
    ...(read.success && { request: read.data }),
  };
}

/** True for a message with a bind that is too old to be applied: a redrive would park it again. */
export const isTooOld = ({ request }: ParkedMessage, nowMs: number): boolean =>
  request?.operations.some((operation) => binds(operation) && operation.stamp < horizonAt(nowMs)) ?? false;

/** Messages by reason, the most frequent reason first. */
export function byReason(messages: readonly ParkedMessage[]): [string, ParkedMessage[]][] {
  const reasons = [...Map.groupBy(messages, ({ reason }) => reason)];
  return reasons.sort(([, a], [, b]) => b.length - a.length);
}
