import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { operationsMessage } from '../../functions/aws/queues.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { eventOf } from '../../local/lambda/event-source.ts';
import { moved, override } from '../../test/world/examples.ts';
import type { Group } from '../group.ts';
import { CONTEXT } from '../installation.ts';
import { interleaved } from '../measure.ts';
import { atLeast, row } from '../report.ts';
import { deviceToken } from '../sample-events.ts';
import { setEnvironment } from './doors.ts';
import { bindBare, storeCalls } from './store-calls.ts';

const MESSAGES = 10;

const login = (i: number): Operation => moved(override(Date.now(), [`account-${i}`]), deviceToken(i));

/** A batch as Lambda delivers it, one login a message. */
const batchOf = (size: number): SQSEvent => {
  const messages = Array.from({ length: size }, (_, i) => ({
    MessageId: `${i}`,
    ReceiptHandle: `${i}`,
    Body: operationsMessage(`request-${i}`, [login(i)]),
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: `${Date.now()}` },
  }));
  return eventOf(messages, 'arn:aws:sqs:us-east-1:000000000000:operations');
};

/** The worker, warm, in this process. Every operation is a login on a token that the table does not have. */
export const apply: Group = async ({ stub, effort }) => {
  setEnvironment(stub, 'empty');
  const { handler } = await import('../../functions/apply.ts');
  const batch = batchOf(MESSAGES);
  const calls = storeCalls('empty');
  const tokens = Array.from({ length: MESSAGES }, (_, i) => deviceToken(i));
  const cost = await interleaved(
    {
      ours: () => applyBatch(handler, batch),
      bare: async () => {
        await calls.documents(tokens);
        await Promise.all(tokens.map((token, i) => bindBare(calls, `account-${i}`, token)));
      },
    },
    effort,
  );
  const name = `apply, ${MESSAGES} messages a batch`;
  const rate = (us: number) => (MESSAGES * 1e6) / us;
  const { ours, bare } = cost;
  return {
    rows: [
      row({ name, unit: 'operations/s', ours: rate(ours.wallUs), reference: rate(bare.wallUs) }, atLeast(0.8)),
      row({ name, unit: 'operations/s of CPU', ours: rate(ours.cpuUs), reference: rate(bare.cpuUs) }, atLeast(0.8)),
    ],
  };
};

type Worker = (batch: SQSEvent, context: Context) => Promise<unknown>;

async function applyBatch(worker: Worker, batch: SQSEvent): Promise<void> {
  const response = await worker(batch, CONTEXT);
  const { batchItemFailures } = response as SQSBatchResponse; // every worker answers a batch with this
  if (batchItemFailures.length > 0) throw new Error('the worker left messages on the queue');
}
