import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Cloud } from './cloud.ts';
import type { MixEvent } from './mix.ts';

/** A design that runs on the embedded services. */
export type Deployment = {
  /** Sends one request with these events. */
  readonly send: (events: readonly MixEvent[]) => Promise<void>;
  /** Finishes the work that the requests left. */
  readonly finish: () => Promise<void>;
};

/** The longest that SQS lets a receive wait (s). */
const LONG_POLL_S = 20;

/** Waits for a message and receives it alone. */
export async function receiveOne({ sqs }: Cloud, QueueUrl: string): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 1,
      WaitTimeSeconds: LONG_POLL_S,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** Deletes the messages that a function has processed, in one request. */
export async function remove({ sqs }: Cloud, QueueUrl: string, messages: readonly Message[]): Promise<void> {
  const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: `${i}`, ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
}
