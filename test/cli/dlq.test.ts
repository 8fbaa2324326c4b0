import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { DeleteMessageBatchCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dlq } from '../../cli/dlq/dlq.ts';
import { selectionIn } from '../../cli/dlq/options.ts';
import { HOLD_S, type Remove, type SearchResult, withParked } from '../../cli/dlq/parked-queue.ts';
import { redrive } from '../../cli/dlq/redrive.ts';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import { UserError } from '../../local/user-error.ts';
import { launch } from '../local/process.ts';
import { AWS, inWorld, login, logout, TOO_OLD, type World } from './dlq-world.ts';
import { run } from './run.ts';

beforeAll(() => {
  for (const [name, value] of Object.entries(AWS)) vi.stubEnv(name, value);
});
afterAll(() => void vi.unstubAllEnvs());

const CANARY = 'canary';
const OTHER_VERSION = `{"v":2,"whatever":"${CANARY}"}`;

/** Parks a message for its age and one for another reason, and makes a dead letter and one of another version. */
async function fill(world: World): Promise<void> {
  const old = Date.now() - HORIZON_MS - 60_000;
  await world.park('request-1', [login(`${CANARY}-1`, `${CANARY}@example.com`, old)], TOO_OLD);
  await world.park('request-2', [logout(`${CANARY}-2`), logout(`${CANARY}-3`)], 'another reason');
  await world.deadLetter('request-3', [login(`${CANARY}-4`, `${CANARY}@example.com`)]);
  await world.deadBody(OTHER_VERSION);
}

const parkedIn = ({ client, queues }: World) => ({ client, url: queues.parked.url, giveBackS: 0, pollS: 0 });

/** Reads the parked queue. */
const reading = <T>(world: World, work: (result: SearchResult, remove: Remove) => Promise<T>, how = {}) =>
  withParked(
    parkedIn(world),
    { matches: () => true, limit: 1_000, holdS: HOLD_S, signal: new AbortController().signal, ...how },
    work,
  );

/** Does something before or after each call of one kind that the client makes. */
const atEachCall = ({ client }: World, command: string, acts: { before?: () => void; after?: () => Promise<void> }) =>
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (call) => {
        if (commandName === command) acts.before?.();
        const answer = await next(call);
        if (commandName === command) await acts.after?.();
        return answer;
      },
    { step: 'initialize' },
  );

test('`dlq list` counts parked messages by reason, kind and app', () =>
  inWorld(async (world) => {
    await fill(world);
    const { code, out } = await world.dlq('list', '--json');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const bind = { unreadable: 0, apps: ['xg-android'], operations: { bindOverriding: 1 }, oldest: time, newest: time };
    const logouts = { apps: ['xg-ios'], operations: { unbindTokenFromAll: 2 } };
    const reasons = [
      { ...bind, reason: 'dead-letter', messages: 2, unreadable: 1 },
      { ...bind, reason: TOO_OLD, messages: 1 },
      { ...bind, reason: 'another reason', messages: 1, ...logouts },
    ];
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      queue: 'bindery-parked',
      messages: 4,
      others: 0,
      whole: true,
      hidden: 0,
      reasons,
    });
  }));

test('`dlq list` prints a line for each reason, and the number of other messages', () =>
  inWorld(async (world) => {
    await fill(world);
    const { out } = await world.dlq('list', '--reason', 'dead-letter');
    expect(out).toMatch(/^bindery-parked: 2 messages$/m);
    expect(out).toMatch(/^ {2}dead-letter +2 +\d+ s +\d+ s +bindOverriding 1, unreadable 1 +xg-android$/m);
    expect(out).toMatch(/^2 other messages left alone$/m);
    expect(out).not.toContain(TOO_OLD);
  }));

test('`dlq list` and `dlq show` report messages that another reader has received', () =>
  inWorld(async (world) => {
    await world.park('request-1', [logout('t1')], 'why');
    await world.receivable('parked');
    for (const command of ['list', 'show']) {
      const { code, out } = await world.dlq(command);
      expect(code).toBe(0);
      expect(out).toMatch(/^bindery-parked: nothing found\nabout 1 more are hidden now/);
    }
  }));

test('accounts and tokens are printed by no command without --reveal', () =>
  inWorld(async (world) => {
    await fill(world);
    const redriving = ['redrive', '--reason', 'dead-letter', '--yes'];
    for (const options of [['list', '--json'], ['show'], redriving, ['purge', '--yes']])
      expect(JSON.stringify(await world.dlq(...options))).not.toContain(CANARY);
    expect([await world.sizeOf('operations'), await world.sizeOf('parked')]).toEqual([2, 0]);
  }));

test('`dlq show --reveal` prints accounts, tokens and unreadable bodies', () =>
  inWorld(async (world) => {
    await fill(world);
    const { out } = await world.dlq('show', '--reveal');
    expect(out).toContain(`token "${CANARY}-1"  accounts "0#${CANARY}@example.com"`);
    expect(out).toContain(`token "${CANARY}-3"`);
    expect(out).toContain(OTHER_VERSION);
  }));

test('a parked message cannot control the terminal that it is printed on', () =>
  inWorld(async (world) => {
    await world.park('request-\u009b2J', [login('\u001b[2J', 'a\u202eb')], 'why\nnot');
    await world.deadBody('not JSON \u0085\u009b2J');
    const { out } = await world.dlq('show', '--reveal');
    expect(out).not.toMatch(/[^\P{C}\n]/u);
    expect(out).toContain('token "\\u001b[2J"  accounts "0#a\\u{202e}b"');
    expect(out).toContain('why\\u{a}not');
  }));

test('`dlq show` prints reason, time and operations of each message', () =>
  inWorld(async (world) => {
    await world.park('request-1', [logout('t1', Date.UTC(2026, 0, 1))], 'why');
    const { code, out } = await world.dlq('show', '--reason', 'why');
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^message [0-9a-f-]{36}$/),
      '  reason     why',
      expect.stringMatching(/^ {2}parked at {2}\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      '  receives   1',
      '  request    request-1',
      '  unbindTokenFromAll  xg-ios  2026-01-01T00:00:00.000Z',
      '',
      '',
    ]);
  }));

test('a command without --yes changes nothing, and its messages can be received again at once', () =>
  inWorld(async (world) => {
    await fill(world);
    for (const command of ['list', 'show', 'redrive', 'purge'])
      expect(await world.dlq(command)).toMatchObject({ code: 0, err: '', out: expect.not.stringContaining(CANARY) });
    const messages = await world.receivable('parked');
    expect(messages).toHaveLength(4);
    expect(messages.filter(({ MessageAttributes }) => MessageAttributes?.['reason'])).toHaveLength(2);
    expect(await world.sizeOf('operations')).toBe(0);
  }));

test('a command that fails or is stopped in the middle gives all messages back', () =>
  inWorld(async (world) => {
    await fill(world);
    await expect(reading(world, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(await reading(world, async ({ found }) => found)).toHaveLength(4);
    const stopping = new AbortController();
    const after = async () => stopping.abort(new UserError('stopped'));
    atEachCall(world, ReceiveMessageCommand.name, { after });
    await expect(reading(world, async () => {}, { signal: stopping.signal })).rejects.toThrow('stopped');
    expect(await world.receivable('parked')).toHaveLength(4);
  }));

test.each([
  ['stops at its limit, says so, and gives back the message beyond it', 13, false],
  ['finds all of a queue that holds as many messages as its limit', 12, true],
])('a search %s', (_, messages, isWhole) =>
  inWorld(async (world) => {
    for (let i = 0; i < messages; i++) await world.park(`request-${i}`, [logout('t1')], 'why');
    const result = await reading(world, async (result) => result, { limit: 12 });
    expect([result.found.length, result.isWhole]).toEqual([12, isWhole]);
    expect(await world.receivable('parked')).toHaveLength(messages);
  }),
);

test('a search ends when its time is over, and says that there may be more', () =>
  inWorld(async (world) => {
    await fill(world);
    expect(await reading(world, async (result) => result, { readS: 0 })).toMatchObject({ found: [], isWhole: false });
  }));

test('a message that SQS delivers twice is found once', () =>
  inWorld(async (world) => {
    await world.park('request-1', [logout('t1')], 'why');
    await world.park('request-2', [logout('t2')], 'why');
    let receives = 0;
    // While it is being looked at the first message becomes visible again, and comes once more.
    const after = async () => void (receives++ === 0 && (await world.lapse()));
    atEachCall(world, ReceiveMessageCommand.name, { after });
    const result = await reading(world, async ({ found, isWhole }, remove) => {
      await remove(found);
      return { found, isWhole };
    });
    expect(receives).toBe(3);
    expect(result).toMatchObject({ found: [{ receives: 1 }, { receives: 1 }], isWhole: true });
    expect(await world.sizeOf('parked')).toBe(0);
  }));

test('a redrive sends each body unchanged and without its reason, also one that this version cannot read', () =>
  inWorld(async (world) => {
    await fill(world);
    const { code, out } = await world.dlq('redrive', '--yes', '--rate', '100');
    expect(code).toBe(0);
    expect(out).toMatch(/^4 messages went to bindery-operations, from bindery-parked$/m);
    expect(await world.sizeOf('parked')).toBe(0);
    const messages = await world.receivable('operations');
    expect(messages.map(({ MessageAttributes }) => MessageAttributes)).toEqual(messages.map(() => undefined));
    const bodies = messages.map(({ Body = '' }) => Body);
    expect(bodies).toContain(OTHER_VERSION);
    expect(bodies.map((body) => JSON.parse(body).id).sort()).toEqual([
      'request-1',
      'request-2',
      'request-3',
      undefined,
    ]);
  }));

test('a redrive without --yes counts the messages that would be parked again or cannot be read', () =>
  inWorld(async (world) => {
    await fill(world);
    const { out } = await world.dlq('redrive');
    expect(out.split('\n')).toEqual([
      '4 messages would go to bindery-operations, from bindery-parked',
      '  dead-letter: 2',
      `  ${TOO_OLD}: 1`,
      '  another reason: 1',
      '1 of them: a bind older than the horizon, which is parked again',
      '1 of them: cannot be read by this version, sent as it is',
      'Nothing was changed: add --yes to do it.',
      '',
    ]);
  }));

test.each(['redrive', 'purge'])('a dry %s with a reason that no message has says where the reasons are', (word) =>
  inWorld(async (world) => {
    await fill(world);
    const { out } = await world.dlq(word, '--reason', 'dead-leter');
    expect(out).toMatch(/\n4 other messages left alone\nNo message matches: `bindery dlq list` prints .*\n$/);
  }),
);

test('a redrive sends a message before it deletes it, so one that cannot be deleted is on both queues', () =>
  inWorld(async (world) => {
    await fill(world);
    const before = () => {
      throw new Error('AccessDenied');
    };
    atEachCall(world, DeleteMessageBatchCommand.name, { before });
    const signal = new AbortController().signal;
    const redriven = reading(world, ({ found: messages }, remove) =>
      redrive({
        parked: parkedIn(world),
        operationsUrl: world.queues.operations.url,
        messages,
        remove,
        rate: 1_000,
        signal,
        onProgress: () => {},
      }),
    );
    await expect(redriven).rejects.toThrow(UserError);
    expect(await world.sizeOf('operations')).toBe(1);
    expect(await world.receivable('parked')).toHaveLength(4);
  }));

test('a redrive leaves a message parked that the operations queue refuses, and prints how many it has sent', () =>
  inWorld(async (world) => {
    await world.park('small', [logout('t1')], 'why');
    await world.park('large', [login(CANARY.repeat(150), CANARY.repeat(40))], 'why');
    await world.client.send(
      new SetQueueAttributesCommand({
        QueueUrl: world.queues.operations.url,
        Attributes: { MaximumMessageSize: '1024' },
      }),
    );
    const { code, out, err } = await world.dlq('redrive', '--yes');
    expect([code, out]).toEqual([1, '']);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^bindery-operations cannot be sent to: .*InvalidParameterValue: /),
      '1 of 2 messages had been redriven before',
    ]);
    expect(err).not.toContain(CANARY);
    const [left, ...more] = await world.receivable('parked');
    expect(JSON.parse(left?.Body ?? '')).toMatchObject({ id: 'large' });
    expect(more).toEqual([]);
  }));

test('an interrupted redrive gives back the messages that it has not sent, and loses none', () =>
  inWorld(async (world) => {
    await fill(world);
    const options = ['--yes', '--rate', '0.01', '--limit', '10'];
    const child = launch(['dlq', 'redrive', ...options], tmpdir(), { ...AWS, ...world.environment() });
    const [exit, out, err] = [once(child, 'exit'), text(child.stdout), text(child.stderr)];
    await vi.waitFor(async () => expect(await world.sizeOf('parked')).toBe(3), { timeout: 30_000 });
    child.kill('SIGINT');
    expect([(await exit)[0], await out, await err]).toEqual([
      130,
      '',
      'stopped\n1 of 4 messages had been redriven before\n',
    ]);
    expect(await world.receivable('operations')).toHaveLength(1);
    expect(await world.receivable('parked')).toHaveLength(3);
  }));

test('a redrive refuses a queue whose dead letters do not go to the parked queue', () =>
  inWorld(async (world) => {
    await fill(world);
    const { parked } = world.queues;
    const others = [await world.queueOf('other-operations', await world.queueOf('other-parked')), parked.url];
    for (const url of others) {
      const { code, out, err } = await world.dlq('redrive', '--operations-queue', url, '--yes');
      expect([code, out]).toEqual([1, '']);
      expect(err).toMatch(
        /^the dead letters of .+ do not go to bindery-parked: these are not the queues of one stack\n$/,
      );
    }
    expect(await world.receivable('parked')).toHaveLength(4);
  }));

test('a purge with --reason deletes only messages with this reason', () =>
  inWorld(async (world) => {
    await fill(world);
    const { code, out } = await world.dlq('purge', '--reason', 'dead-letter', '--yes');
    expect(code).toBe(0);
    expect(out).toMatch(/^2 messages deleted from bindery-parked$/m);
    const left = await world.receivable('parked');
    expect(left.map(({ MessageAttributes }) => MessageAttributes?.['reason']?.StringValue)).toEqual([
      TOO_OLD,
      'another reason',
    ]);
    expect(await world.sizeOf('operations')).toBe(0);
  }));

test('--older-than counts days since a message was sent', () => {
  const DAY_MS = 86_400_000;
  const { matches } = selectionIn({ reason: undefined, limit: '1', 'older-than': '1.5' }, 3 * DAY_MS);
  const sent = (sentMs: number) => ({ id: 'm1', body: '', reason: 'why', receives: 1, sentMs });
  expect([matches(sent(1.5 * DAY_MS - 1)), matches(sent(1.5 * DAY_MS))]).toEqual([true, false]);
});

const URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/parked';
test.each<[string[], string]>([
  [[], '`bindery dlq` needs one of list, show, redrive, purge. Run with --help.'],
  [['requeue'], "unknown command 'requeue'. Run with --help."],
  [['list', '--yes'], "unknown option '--yes'. Run with --help."],
  [['purge', '--rate', '5'], "unknown option '--rate'. Run with --help."],
  [['list', '--limit', '0'], '--limit 0: must be a number above 0'],
  [['list', '--limit', '1.5'], '--limit 1.5: must be a whole number'],
  [['purge', '--older-than', 'week'], '--older-than week: must be a number above 0'],
  [
    ['list', '--parked-queue', 'parked'],
    '--parked-queue parked: must be the URL of a queue, such as the output of the stack',
  ],
  [['redrive', '--parked-queue', URL], '`dlq redrive` needs --operations-queue'],
  [['redrive', '--operations-queue', URL], '--operations-queue needs --parked-queue'],
  [
    ['redrive', '--parked-queue', URL, '--operations-queue', URL, '--rate', '0.01', '--yes'],
    '--limit 1000 at --rate 0.01 takes longer than the 12 hours that SQS can hold messages',
  ],
  [
    ['list', '--parked-queue', 'http://127.0.0.1:1/000000000000/parked'],
    'nothing answers at http://127.0.0.1:1: is `npx bindery start` running?',
  ],
  [['list'], 'no instance runs in this directory: start one with `npx bindery start`, or give --stage'],
])('`dlq %j` is refused in one line that says what to do', async (options, line) => {
  expect(await run(dlq(0), options, { folder: tmpdir() })).toEqual({ code: 1, out: '', err: `${line}\n` });
});

test('a queue that does not exist is named without its AWS account', () =>
  inWorld(async (world) => {
    const url = world.queues.parked.url.replace('parked', 'parcels');
    const { code, err } = await world.dlq('list', '--parked-queue', url);
    expect(code).toBe(1);
    expect(err).toMatch(/^bindery-parcels cannot be read: QueueDoesNotExist: .+\n$/);
    expect(err).not.toContain('000000000000');
  }));
