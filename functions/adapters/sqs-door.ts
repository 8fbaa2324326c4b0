import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Settled } from '../handlers/apply.ts';
import { errorLine, type Log } from './log.ts';

export type SqsDoorPorts = {
  readonly settle: (bodies: readonly string[]) => Promise<Settled[]>;
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly log: Log;
};

/** The longest a failed message waits for its next try (s). */
const LONGEST_WAIT_S = 30;

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
      const settled = await ports.settle(Records.map(({ body }) => body));
      return Promise.allSettled(Records.map((record, i) => conclude(ports, record, settled[i])));
    });

/** Resolves for a message that may leave the queue, rejects for one that stays. */
async function conclude(ports: SqsDoorPorts, record: SQSRecord, settled: Settled | undefined): Promise<void> {
  const receives = Number(record.attributes.ApproximateReceiveCount);
  const waited_ms = Date.now() - Number(record.attributes.SentTimestamp);
  const { kind: outcome, ...line } = settled ?? { kind: 'again', reason: 'not settled' };
  ports.log(outcome === 'done' ? 'info' : 'warn', 'apply', { ...line, outcome, receives, waited_ms });
  if (outcome === 'done') return;
  await waitBeforeNextTry(ports, record, receives);
  throw new Error('the message stays on the queue');
}

/** Full jitter over a wait that doubles with each receive. If it cannot be set, the queue's own timeout holds. */
async function waitBeforeNextTry(ports: SqsDoorPorts, record: SQSRecord, receives: number): Promise<void> {
  const VisibilityTimeout = Math.ceil(Math.random() * Math.min(LONGEST_WAIT_S, 2 ** receives));
  const wait = new ChangeMessageVisibilityCommand({
    QueueUrl: ports.queueUrl,
    ReceiptHandle: record.receiptHandle,
    VisibilityTimeout,
  });
  await ports.client.send(wait).catch((error: unknown) => ports.log('warn', 'backoff.failed', errorLine(error)));
}
