import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Line } from '../../functions/lambda/log.ts';
import type { MessageResult } from '../../functions/lambda/message.ts';
import { type SqsDoorPorts, sqsDoor } from '../../functions/lambda/sqs.ts';
import { eventOf } from '../../local/lambda/event-source.ts';

const context = {} as Context; // the door looks at nothing of it

type Settle = (bodies: readonly string[]) => Promise<MessageResult[]>;

/** Messages with these bodies, received for the first time, through a door with these results. */
async function through(bodies: readonly string[], settle: Settle, more: Partial<SqsDoorPorts> = {}) {
  const lines: { message: string; line: Line }[] = [];
  const postponed: [string, number][] = [];
  const door = sqsDoor({
    stage: 'apply',
    settle: (deliveries) => settle(deliveries.map(({ body }) => body)),
    postpone: async ({ body }: SQSRecord, seconds) => void postponed.push([body, seconds]),
    longestWaitS: 30,
    log: (_, message, line) => lines.push({ message, line }),
    ...more,
  });
  const Attributes = { ApproximateReceiveCount: '1', SentTimestamp: '0' };
  const messages = bodies.map((Body) => ({ MessageId: `id-${Body}`, Body, Attributes }));
  const event: SQSEvent = eventOf(messages, 'arn:aws:sqs:us-east-1:000000000000:operations');
  const answer = await door(event, context);
  const kept = 'batchItemFailures' in answer ? answer.batchItemFailures.map((one) => one.itemIdentifier) : answer;
  return { kept, lines, postponed };
}

test('a message that is to be retried stays, is hidden for at most 2 s at first, and does not keep the others', async () => {
  const { kept, lines, postponed } = await through(['one', 'two'], async (bodies) =>
    bodies.map((id) => (id === 'one' ? { kind: 'done', id, parked: 0 } : { kind: 'retry', id, reason: 'x' })),
  );
  expect(kept).toEqual(['id-two']);
  expect(lines.map(({ line }) => [line['id'], line['outcome'], line['reason'], line['receives']])).toEqual([
    ['one', 'done', undefined, 1],
    ['two', 'retry', 'x', 1],
  ]);
  expect(postponed).toEqual([['two', expect.toSatisfy((seconds: number) => [0, 1, 2].includes(seconds))]]);
});

test('routine results of a batch share one log line with all ids and pseudonyms; every other result has its own', async () => {
  const settle: Settle = async (bodies) =>
    bodies.map((id) =>
      id === 'stays'
        ? { kind: 'retry', id, reason: 'x', who: `${id}-who` }
        : { kind: 'done', id, parked: id === 'parked' ? 1 : 0, who: `${id}-who` },
    );
  const isRoutine = ({ kind, parked }: MessageResult) => kind === 'done' && parked === 0;
  const { lines } = await through(['a', 'parked', 'b', 'stays'], settle, { isRoutine });
  const times = { receives: 1, waited_ms: expect.any(Number) };
  expect(lines.map(({ line }) => line)).toEqual([
    { ids: 'a b', who: 'a-who b-who', outcome: 'done', messages: 2, ...times },
    { id: 'parked', parked: 1, who: 'parked-who', outcome: 'done', ...times },
    { id: 'stays', reason: 'x', who: 'stays-who', outcome: 'retry', ...times },
  ]);
});

test('a bug keeps the whole batch, and its text stays out of the log', async () => {
  const { kept, lines } = await through(['three', 'four'], async () => {
    throw new TypeError('canary');
  });
  expect(kept).toEqual(['id-three', 'id-four']);
  expect(lines).toMatchObject([{ message: 'bug', line: { error: 'TypeError' } }]);
  expect(JSON.stringify(lines)).not.toContain('canary');
});

test('a message without a result stays', async () => {
  const { kept } = await through(['five', 'six'], async () => [{ kind: 'done', id: 'five', parked: 0 }]);
  expect(kept).toEqual(['id-six']);
});

test('a result may ask for a longer wait, which comes on top of the random one', async () => {
  const settle: Settle = async () => [{ kind: 'retry', reason: 'x', waitMs: 40_000 }];
  const { postponed } = await through(['seven'], settle, { longestWaitS: 1 });
  expect(postponed).toEqual([['seven', expect.toSatisfy((seconds: number) => [40, 41].includes(seconds))]]);
});

test('a wait that cannot be set is logged, and the message stays for the timeout of its queue', async () => {
  const postpone = () => Promise.reject(new TypeError('canary'));
  const { kept, lines } = await through(['eight'], async () => [{ kind: 'retry', reason: 'x' }], { postpone });
  expect(kept).toEqual(['id-eight']);
  expect(lines[1]).toMatchObject({ message: 'backoff.failed', line: { error: 'TypeError' } });
});
