import { Buffer } from 'node:buffer';
import type { Message } from '@aws-sdk/client-sqs';
import { horizonAt } from '../../functions/core/merge.ts';
import { binds, OperationsMessage } from '../../functions/core/operation.ts';
import { jsonIn } from '../../functions/lambda/request.ts';

/** The reason of a message that has none: SQS moved it, after more receives than the operations queue allows. */
export const DEAD_LETTER = 'dead-letter';

export type Parked = {
  readonly id: string;
  readonly body: string;
  readonly reason: string;
  /** When it was parked (ms since 1970). For a dead letter, when it was first sent: SQS keeps that time. */
  readonly sentMs: number;
  readonly receives: number;
  /** What the body says, where this version can read it. */
  readonly request?: OperationsMessage;
};

export function parkedIn(message: Message): Parked {
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

/** Whether it holds a bind that is too old to be applied: sent again, it is parked again. */
export const isTooOld = ({ request }: Parked, nowMs: number): boolean =>
  request?.operations.some((operation) => binds(operation) && operation.stamp < horizonAt(nowMs)) ?? false;

/** How many messages there are of each reason, the most frequent first. */
export function reasonsOf(messages: readonly Parked[]): [string, Parked[]][] {
  const reasons = [...Map.groupBy(messages, ({ reason }) => reason)];
  return reasons.sort(([, a], [, b]) => b.length - a.length);
}
