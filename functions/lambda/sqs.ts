import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { errorLine, type Line, type Log, logBugs } from './log.ts';
import type { Delivery, MessageResult } from './message.ts';

export type SqsDoorPorts = {
  /** The worker's name: the message of its log lines. */
  readonly stage: string;
  /** Returns one result for each delivery, in their order. */
  readonly settle: (deliveries: readonly Delivery[]) => Promise<MessageResult[]>;
  /** Hides a message from workers for a time (s). */
  readonly postpone: (record: SQSRecord, seconds: number) => Promise<void>;
  /** The longest a failed message waits for its next try (s), if it does not ask for more. */
  readonly longestWaitS: number;
  readonly log: Log;
  /** Results that share one log line for each batch. Default: none, so that each message has a line of its own. */
  readonly isRoutine?: (result: MessageResult) => boolean;
};

/** A message may ask for a longer wait, up to this (s). */
const LONGEST_ASKED_S = 900;

/** A worker behind an SQS event source with partial batch responses. */
export const sqsDoor = (ports: SqsDoorPorts) =>
  middy<SQSEvent, SQSBatchResponse | MessageResult[]>()
    .use(partialBatch())
    .use(logBugs(ports.log))
    .handler(async ({ Records }) => {
      const results = await ports.settle(
        Records.map((record) => ({ body: record.body, receives: receivesOf(record) })),
      );
      const settled = Records.map((record, i) => ({ record, result: results[i] ?? NO_RESULT }));
      logResults(ports, settled);
      await Promise.all(settled.map((one) => one.result.kind === 'done' || postpone(ports, one)));
      return results;
    });

/**
 * Names the messages that stay on the queue, as Lambda expects it. Fails closed: a message leaves the queue only when its
 * result is `done`, and a bug keeps the whole batch.
 */
const partialBatch = (): middy.MiddlewareObj<SQSEvent, SQSBatchResponse | MessageResult[]> => {
  const answer = ({ Records }: SQSEvent, results: readonly MessageResult[]): SQSBatchResponse => ({
    batchItemFailures: Records.filter((_, i) => results[i]?.kind !== 'done').map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });
  return {
    after: (request) => {
      request.response = answer(request.event, Array.isArray(request.response) ? request.response : []);
    },
    onError: (request) => {
      request.response = answer(request.event, []);
    },
  };
};

type SettledRecord = { readonly record: SQSRecord; readonly result: MessageResult };

const NO_RESULT: MessageResult = { kind: 'retry', reason: 'not settled' };

const receivesOf = (record: SQSRecord): number => Number(record.attributes.ApproximateReceiveCount);

const waitedMs = (record: SQSRecord): number => Date.now() - Number(record.attributes.SentTimestamp);

function logResults({ log, stage, isRoutine = () => false }: SqsDoorPorts, settled: readonly SettledRecord[]): void {
  const routine = settled.filter(({ result }) => isRoutine(result));
  if (routine.length > 0) log('info', stage, routineLine(routine));
  for (const { record, result } of settled.filter((one) => !routine.includes(one))) {
    const { kind: outcome, waitMs, ...line } = result;
    const times = { receives: receivesOf(record), waited_ms: waitedMs(record) };
    log(outcome === 'done' ? 'info' : 'warn', stage, { ...line, outcome, ...times });
  }
}

/** One line for many messages: their ids and pseudonyms one after the other, and the greatest of their numbers. */
function routineLine(routine: readonly SettledRecord[]): Line {
  const all = (name: string) => routine.flatMap(({ result }) => result[name] ?? []).join(' ');
  const most = (of: (record: SQSRecord) => number) => Math.max(...routine.map(({ record }) => of(record)));
  const who = all('who');
  const line = { ids: all('id'), ...(who !== '' && { who }), outcome: 'done', messages: routine.length };
  return { ...line, receives: most(receivesOf), waited_ms: most(waitedMs) };
}

/** Full jitter over a wait that doubles with each receive. If the wait cannot be set, the queue's own timeout holds. */
async function postpone({ postpone, longestWaitS, log }: SqsDoorPorts, one: SettledRecord): Promise<void> {
  const longest = Math.min(longestWaitS, 2 ** receivesOf(one.record));
  const askedS = Math.min(LONGEST_ASKED_S, (one.result.waitMs ?? 0) / 1000);
  try {
    await postpone(one.record, Math.ceil(Math.random() * longest + askedS));
  } catch (error) {
    log('warn', 'backoff.failed', errorLine(error));
  }
}
