import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Delivery, Settled } from '../handlers/settled.ts';
import { errorLine, type Log } from './log.ts';

export type SqsDoorPorts = {
  /** What the worker does: the message of its log lines. */
  readonly stage: string;
  /** One answer for each delivery, in their order. */
  readonly settle: (deliveries: readonly Delivery[]) => Promise<Settled[]>;
  readonly client: SQSClient;
  /** The queues that feed the worker. */
  readonly queueUrls: readonly string[];
  /** The longest a failed message waits for its next try (s), if it does not ask for more. */
  readonly longestWaitS: number;
  readonly log: Log;
};

/** A message may ask for a longer wait, up to this (s). */
const LONGEST_ASKED_S = 900;

/**
 * A worker behind an SQS event source with partial batch responses. It fails closed: a message leaves the queue only
 * where it was settled; a bug keeps the whole batch. What stays becomes visible again after a growing, random wait.
 */
export const sqsDoor = (ports: SqsDoorPorts) =>
  middy<SQSEvent, SQSBatchResponse | PromiseSettledResult<void>[]>()
    // Its default logger prints whole records, with whom they bind.
    .use(sqsPartialBatchFailure({ logger: () => {} }))
    .use({
      // Whatever this returned would be the answer to Lambda.
      onError: ({ error }) => {
        ports.log('error', 'bug', errorLine(error));
      },
    })
    .handler(async ({ Records }: SQSEvent) => {
      const settled = await ports.settle(
        Records.map((record) => ({ body: record.body, receives: receivesOf(record) })),
      );
      return Promise.allSettled(Records.map((record, i) => conclude(ports, record, settled[i])));
    });

const receivesOf = (record: SQSRecord): number => Number(record.attributes.ApproximateReceiveCount);

/** Resolves for a message that may leave the queue, rejects for one that stays. */
async function conclude(ports: SqsDoorPorts, record: SQSRecord, settled: Settled | undefined): Promise<void> {
  const receives = receivesOf(record);
  const waited_ms = Date.now() - Number(record.attributes.SentTimestamp);
  const { kind: outcome, waitMs = 0, ...line } = settled ?? { kind: 'again', reason: 'not settled' };
  ports.log(outcome === 'done' ? 'info' : 'warn', ports.stage, { ...line, outcome, receives, waited_ms });
  if (outcome === 'done') return;
  await waitBeforeNextTry(ports, record, waitMs);
  throw new Error('the message stays on the queue');
}

/** Full jitter over a wait that doubles with each receive. If it cannot be set, the queue's own timeout holds. */
async function waitBeforeNextTry(ports: SqsDoorPorts, record: SQSRecord, waitMs: number): Promise<void> {
  const longest = Math.min(ports.longestWaitS, 2 ** receivesOf(record));
  const jittered = Math.ceil(Math.random() * longest + Math.min(LONGEST_ASKED_S, waitMs / 1000));
  const wait = new ChangeMessageVisibilityCommand({
    QueueUrl: queueOf(ports, record),
    ReceiptHandle: record.receiptHandle,
    VisibilityTimeout: jittered,
  });
  await ports.client.send(wait).catch((error: unknown) => ports.log('warn', 'backoff.failed', errorLine(error)));
}

/** ARN and URL of a queue both end in its name. */
const queueOf = ({ queueUrls }: SqsDoorPorts, { eventSourceARN }: SQSRecord): string | undefined => {
  const name = eventSourceARN.split(':').at(-1);
  return queueUrls.find((url) => url.split('/').at(-1) === name);
};
