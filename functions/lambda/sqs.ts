import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { orUnavailable } from '../core/outcome.ts';
import { INVOCATION } from './environment.ts';
import { errorLine, type Line, type Log, logBugs } from './log.ts';
import type { MessageResult, QueueDelivery } from './message.ts';

export type SqsDoorPorts = {
  /** The worker's name: the message of its log lines. */
  readonly stage: string;
  /** Returns one result for each delivery, in their order. A batch that throws is settled again, each message alone. */
  readonly settle: (deliveries: readonly QueueDelivery[]) => Promise<MessageResult[]>;
  /** Hides a message from workers for a time (s). */
  readonly postpone: (record: SQSRecord, seconds: number) => Promise<void>;
  /** Parks a message that stays hopeless, with the reason. May reject with `Unavailable`. Default: it stays on the queue. */
  readonly park?: (body: string, reason: string) => Promise<void>;
  readonly log: Log;
  /** Results that share one log line for each batch. Default: none, so that each message has a line of its own. */
  readonly isRoutine?: (result: MessageResult) => boolean;
};

/**
 * The longest a failed message waits for its next try (s), if it does not ask for more. With the thousand receives of the
 * queues (infra/settings.ts) it outlasts an outage of a day.
 */
const LONGEST_WAIT_S = 300;

/** A message may ask for a longer wait, up to this (s). */
const LONGEST_ASKED_S = 900;

/** Reasons to retry that no service ends by coming back: another version of this code must. */
const HOPELESS: readonly unknown[] = ['unreadable', 'bug'];

/**
 * A hopeless message is parked from this on. All must be reached: an hour is longer than a deployment or a roll back, a
 * throttled function counts receives without a try, and after an outage every message has many receives, so one
 * process must have tried it `tries` times. With the waits above, 40 receives take 85 minutes.
 */
const PARKED_FROM = { receives: 40, waitedMs: 3_600_000, tries: 3 } as const;

/** Messages whose tries a process remembers. */
const MOST_TRIED = 10_000;

/** A worker behind an SQS event source with partial batch responses. */
export const sqsDoor = (ports: SqsDoorPorts, tries = new Map<string, number>()) =>
  middy<SQSEvent, SQSBatchResponse | MessageResult[]>()
    .use(partialBatch())
    .use(logBugs(ports.log))
    .handler(async ({ Records }) => {
      const results = await settleApart(ports, Records.map(deliveryOf));
      const settled = await Promise.all(
        Records.map((record, i) => parkHopeless(ports, tries, { record, result: results[i] ?? NO_RESULT })),
      );
      logResults(ports, settled);
      await Promise.all(settled.map((one) => one.result.kind === 'done' || postpone(ports, one)));
      return settled.map(({ result }) => result);
    });

/** Settles a batch. If it throws, settles each message alone, so that a bug holds back only the message that meets it. */
async function settleApart(
  ports: SqsDoorPorts,
  deliveries: readonly QueueDelivery[],
): Promise<readonly MessageResult[]> {
  try {
    return await ports.settle(deliveries);
  } catch (error) {
    ports.log('error', 'bug', { messages: deliveries.length, ...errorLine(error) });
    if (deliveries.length === 1) return [{ kind: 'retry', reason: 'bug' }];
    const results: MessageResult[] = [];
    for (const one of deliveries) results.push((await settleApart(ports, [one]))[0] ?? NO_RESULT);
    return results;
  }
}

/** Parks a message that has been hopeless for long enough. If that fails it stays, for its next try. */
async function parkHopeless(
  { park }: SqsDoorPorts,
  tries: Map<string, number>,
  one: SettledRecord,
): Promise<SettledRecord> {
  const { record, result } = one;
  const isEarly = receivesOf(record) < PARKED_FROM.receives || waitedMs(record) < PARKED_FROM.waitedMs;
  if (park === undefined || isEarly || result.kind === 'done' || !HOPELESS.includes(result['reason'])) return one;
  const tried = (tries.get(record.messageId) ?? 0) + 1;
  if (tries.size > MOST_TRIED) tries.clear();
  tries.set(record.messageId, tried);
  if (tried < PARKED_FROM.tries) return one;
  const failed = await orUnavailable(() => park(record.body, `${result['reason']}`));
  return { record, result: failed ? { ...result, parking: failed.reason } : { ...result, kind: 'done', parked: 1 } };
}

/**
 * Names the messages that stay on the queue, as Lambda expects it. Fails closed: a message leaves the queue only when its
 * result is `done`, and a bug of the door keeps the whole batch.
 */
const partialBatch = (): middy.MiddlewareObj<SQSEvent, SQSBatchResponse | MessageResult[]> => {
  const answer = ({ Records }: SQSEvent, results: readonly MessageResult[]): SQSBatchResponse => ({
    batchItemFailures: Records.filter((_, i) => results[i]?.kind !== 'done').map(({ messageId }) => ({
      itemIdentifier: messageId,
    })),
  });
  return {
    before: ({ context }) => {
      INVOCATION.endsMs = Date.now() + (context.getRemainingTimeInMillis?.() ?? Number.POSITIVE_INFINITY);
    },
    after: (request) => {
      request.response = answer(request.event, Array.isArray(request.response) ? request.response : []);
    },
    onError: (request) => {
      request.response = answer(request.event, []);
    },
  };
};

const deliveryOf = (record: SQSRecord): QueueDelivery => ({
  id: record.messageId,
  queue: queueOf(record),
  body: record.body,
  receives: receivesOf(record),
});

/** The name of the queue that a record came from. */
export const queueOf = ({ eventSourceARN }: Pick<SQSRecord, 'eventSourceARN'>): string =>
  eventSourceARN.split(':').at(-1) ?? '';

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
async function postpone({ postpone, log }: SqsDoorPorts, one: SettledRecord): Promise<void> {
  const longest = Math.min(LONGEST_WAIT_S, 2 ** receivesOf(one.record));
  const askedS = Math.min(LONGEST_ASKED_S, (one.result.waitMs ?? 0) / 1000);
  try {
    await postpone(one.record, Math.ceil(Math.random() * longest + askedS));
  } catch (error) {
    log('warn', 'backoff.failed', errorLine(error));
  }
}
