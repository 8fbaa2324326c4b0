import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { errorLine, type Line, type Log } from './log.ts';
import type { Delivery, MessageResult } from './message.ts';

export type SqsDoorPorts = {
  /** What the worker does: the message of its log lines. */
  readonly stage: string;
  /** One answer for each delivery, in their order. */
  readonly settle: (deliveries: readonly Delivery[]) => Promise<MessageResult[]>;
  readonly client: SQSClient;
  /** The queues that feed the worker. */
  readonly queueUrls: readonly string[];
  /** The longest a failed message waits for its next try (s), if it does not ask for more. */
  readonly longestWaitS: number;
  readonly log: Log;
  /** What went as it always does: all such messages of a batch are one line. Without it each message is one. */
  readonly isRoutine?: (settled: MessageResult) => boolean;
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
      const concluded = Records.map((record, i) => ({ record, settled: settled[i] ?? NOT_SETTLED }));
      const routine = concluded.filter((one) => ports.isRoutine?.(one.settled));
      if (routine.length > 0) ports.log('info', ports.stage, lineOf(routine));
      for (const one of concluded) if (!routine.includes(one)) logAlone(ports, one);
      return Promise.allSettled(concluded.map((one) => conclude(ports, one)));
    });

type Concluded = { readonly record: SQSRecord; readonly settled: MessageResult };

const NOT_SETTLED: MessageResult = { kind: 'retry', reason: 'not settled' };

const receivesOf = (record: SQSRecord): number => Number(record.attributes.ApproximateReceiveCount);

const waitedMs = (record: SQSRecord): number => Date.now() - Number(record.attributes.SentTimestamp);

/** What each message says of itself, one after the other; of their numbers the greatest. */
function lineOf(routine: readonly Concluded[]): Line {
  const all = (name: string) => routine.flatMap(({ settled }) => settled[name] ?? []).join(' ');
  const most = (of: (record: SQSRecord) => number) => Math.max(...routine.map(({ record }) => of(record)));
  const who = all('who');
  const line = { ids: all('id'), ...(who !== '' && { who }), outcome: 'done', messages: routine.length };
  return { ...line, receives: most(receivesOf), waited_ms: most(waitedMs) };
}

function logAlone(ports: SqsDoorPorts, { record, settled }: Concluded): void {
  const { kind: outcome, waitMs, ...line } = settled;
  const times = { receives: receivesOf(record), waited_ms: waitedMs(record) };
  ports.log(outcome === 'done' ? 'info' : 'warn', ports.stage, { ...line, outcome, ...times });
}

/** Resolves for a message that may leave the queue, rejects for one that stays. */
async function conclude(ports: SqsDoorPorts, { record, settled }: Concluded): Promise<void> {
  if (settled.kind === 'done') return;
  await waitBeforeNextTry(ports, record, settled.waitMs ?? 0);
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
