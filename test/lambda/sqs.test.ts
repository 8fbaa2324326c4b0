import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { Line } from '../../functions/lambda/log.ts';
import type { MessageResult } from '../../functions/lambda/message.ts';
import { type SqsDoorPorts, sqsDoor } from '../../functions/lambda/sqs.ts';
import { eventOf } from '../../local/lambda/event-source.ts';

const context = {} as Context; // the door looks at nothing of it

type Settle = (bodies: readonly string[]) => Promise<MessageResult[]>;

/** Messages with these bodies through a door with these results. Default: received for the first time, long after sending. */
async function through(
  bodies: readonly string[],
  settle: Settle,
  more: Partial<SqsDoorPorts> = {},
  receives = 1,
  sentMs = 0,
  tries?: Map<string, number>,
) {
  const lines: { message: string; line: Line }[] = [];
  const postponed: [string, number][] = [];
  const ports: SqsDoorPorts = {
    stage: 'apply',
    settle: (deliveries) => settle(deliveries.map(({ body }) => body)),
    postpone: async ({ body }: SQSRecord, seconds) => void postponed.push([body, seconds]),
    log: (_, message, line) => lines.push({ message, line }),
    ...more,
  };
  const door = sqsDoor(ports, tries);
  const Attributes = { ApproximateReceiveCount: `${receives}`, SentTimestamp: `${sentMs}` };
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

const buggy: Settle = async (bodies) => {
  if (bodies.includes('bad')) throw new TypeError('canary');
  return bodies.map((id) => ({ kind: 'done', id }));
};

test('a bug keeps only the message that meets it, and its text stays out of the log', async () => {
  const { kept, lines } = await through(['three', 'bad', 'four'], buggy);
  expect(kept).toEqual(['id-bad']);
  const bugs = lines.filter(({ message }) => message === 'bug');
  expect(bugs).toMatchObject([{ line: { error: 'TypeError', messages: 3 } }, { line: { messages: 1 } }]);
  expect(JSON.stringify(lines)).not.toContain('canary');
});

const unreadable: Settle = async () => [{ kind: 'retry', reason: 'unreadable' }];

test.each([
  ['cannot be read', unreadable, 'unreadable'],
  ['meets a bug', buggy, 'bug'],
])(
  'a message that %s is parked with its reason, after forty receives and an hour, at the third try of a process',
  async (_, settle, reason) => {
    const parked: unknown[] = [];
    const tries = new Map<string, number>();
    const park = async (...what: unknown[]) => void parked.push(what);
    for (const [receives, sentMs] of [
      [39, 0],
      [40, Date.now() - 3_500_000],
      [40, 0],
      [1_000, 0],
    ])
      expect((await through(['bad'], settle, { park }, receives, sentMs, tries)).kept).toEqual(['id-bad']);
    expect(parked).toEqual([]);
    const { kept, lines } = await through(['bad'], settle, { park }, 40, Date.now() - 3_600_000, tries);
    expect([kept, parked]).toEqual([[], [['bad', reason]]]);
    expect(lines.at(-1)?.line).toMatchObject({ outcome: 'done', parked: 1, reason });
  },
);

test('a message stays while it cannot be parked, and always if a service is unavailable', async () => {
  const park = () => Promise.reject(new Unavailable('Down'));
  const { kept, lines } = await through(['nine'], unreadable, { park }, 999, 0, new Map([['id-nine', 9]]));
  expect([kept, lines[0]?.line['parking']]).toEqual([['id-nine'], 'Down']);
  const down: Settle = async () => [{ kind: 'retry', reason: 'TimeoutError' }];
  expect((await through(['ten'], down, { park: async () => {} }, 999)).kept).toEqual(['id-ten']);
});

test('a message without a result stays', async () => {
  const { kept } = await through(['five', 'six'], async () => [{ kind: 'done', id: 'five', parked: 0 }]);
  expect(kept).toEqual(['id-six']);
});

test('a result may ask for a longer wait, which comes on top of the random one', async () => {
  const settle: Settle = async () => [{ kind: 'retry', reason: 'x', waitMs: 40_000 }];
  const { postponed } = await through(['seven'], settle);
  expect(postponed).toEqual([['seven', expect.toSatisfy((seconds: number) => [40, 41, 42].includes(seconds))]]);
});

test('a wait that cannot be set is logged, and the message stays for the timeout of its queue', async () => {
  const postpone = () => Promise.reject(new TypeError('canary'));
  const { kept, lines } = await through(['eight'], async () => [{ kind: 'retry', reason: 'x' }], { postpone });
  expect(kept).toEqual(['id-eight']);
  expect(lines[1]).toMatchObject({ message: 'backoff.failed', line: { error: 'TypeError' } });
});
