import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { chunksOf } from '../../functions/core/parallel.ts';
import type { Cloud } from './cloud.ts';
import type { MixEvent } from './mix.ts';

/** A design that is up and running. */
export type Deployment = {
  /** One request with these events. */
  readonly send: (events: readonly MixEvent[]) => Promise<void>;
  /** What is left to do after the requests. */
  readonly settle: () => Promise<void>;
};

/** The secret that signs requests to either design: what Standard Webhooks asks for. */
export const SECRET = `whsec_${Buffer.alloc(32, 'bench').toString('base64')}`;

/** The longest that SQS lets a receive wait. */
const LONG_POLL_S = 20;

/** Messages that one request to SQS receives or deletes at most. */
const AT_ONCE = 10;

/** One receive, which waits for a message and takes up to so many. */
export async function receive({ sqs }: Cloud, QueueUrl: string, most: number): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(most, AT_ONCE),
      WaitTimeSeconds: LONG_POLL_S,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** Deletes what a function has done, ten at a time. */
export async function remove({ sqs }: Cloud, QueueUrl: string, messages: readonly Message[]): Promise<void> {
  for (const some of chunksOf(messages, AT_ONCE)) {
    const Entries = some.map(({ ReceiptHandle }, i) => ({ Id: `${i}`, ReceiptHandle }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}
