import { DeleteMessageBatchCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test, vi } from 'vitest';
import { selectionIn } from '../../cli/dlq/options.ts';
import { HOLD_S, type Looked, type Remove, withParked } from '../../cli/dlq/parked-queue.ts';
import { redrive } from '../../cli/dlq/redrive.ts';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import { UserError } from '../../local/user-error.ts';
import { inWorld, login, logout, start, TOO_OLD, type World } from './dlq-world.ts';

const CANARY = 'canary';
const OTHER_VERSION = `{"v":2,"whatever":"${CANARY}"}`;

/** One parked for its age, one parked for another reason, one dead letter and one dead letter of another version. */
async function fill(world: World): Promise<void> {
  const old = Date.now() - HORIZON_MS - 60_000;
  await world.park('request-1', [login(`${CANARY}-1`, `${CANARY}@example.com`, old)], TOO_OLD);
  await world.park('request-2', [logout(`${CANARY}-2`), logout(`${CANARY}-3`)], 'another reason');
  await world.deadLetter('request-3', [login(`${CANARY}-4`, `${CANARY}@example.com`)]);
  await world.deadBody(OTHER_VERSION);
}

/** Looks at the parked queue in this process, with work of the test's own. */
const looking = <T>({ client, queues }: World, work: (looked: Looked, remove: Remove) => Promise<T>, how = {}) =>
  withParked(
    { client, url: queues.parked.url, giveBackS: 0 },
    { matches: () => true, limit: 1_000, holdS: HOLD_S, signal: new AbortController().signal, ...how },
    work,
  );

/** Does something before, or after, each call of one kind that the command's own client makes. */
const beforeEachCall = ({ client }: World, command: string, act: () => Promise<void>) =>
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (call) => {
        if (commandName === command) await act();
        return next(call);
      },
    { step: 'initialize' },
  );
const afterEachCall = ({ client }: World, command: string, act: () => Promise<void>) =>
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (call) => {
        const answer = await next(call);
        if (commandName === command) await act();
        return answer;
      },
    { step: 'initialize' },
  );

const redriven = (world: World) =>
  looking(world, ({ found: messages }, remove) =>
    redrive({
      parked: { client: world.client, url: world.queues.parked.url, giveBackS: 0 },
      operationsUrl: world.queues.operations.url,
      messages,
      remove,
      rate: 1_000,
      signal: new AbortController().signal,
      onProgress: () => {},
    }),
  );

describe.concurrent('list', () => {
  test('counts what is parked by reason, kind and app', () =>
    inWorld(async (world) => {
      await fill(world);
      const { code, out } = await world.dlq('list', '--json');
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      const about = { oldest: time, newest: time };
      const reasons = [
        {
          reason: 'dead-letter',
          messages: 2,
          operations: { bindOverriding: 1 },
          unreadable: 1,
          apps: ['xg-android'],
          ...about,
        },
        {
          reason: TOO_OLD,
          messages: 1,
          operations: { bindOverriding: 1 },
          unreadable: 0,
          apps: ['xg-android'],
          ...about,
        },
        {
          reason: 'another reason',
          messages: 1,
          operations: { unbindTokenFromAll: 2 },
          unreadable: 0,
          apps: ['xg-ios'],
          ...about,
        },
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

  test('shows a person a line for each reason, and how many others there are', () =>
    inWorld(async (world) => {
      await fill(world);
      const { out } = await world.dlq('list', '--reason', 'dead-letter');
      expect(out).toMatch(/^bindery-parked: 2 messages$/m);
      expect(out).toMatch(/^ {2}dead-letter +2 +\d+ s +\d+ s +bindOverriding 1, unreadable 1 +xg-android$/m);
      expect(out).toMatch(/^2 other messages left alone$/m);
      expect(out).not.toContain(TOO_OLD);
    }));

  test('says when messages cannot be seen because somebody else has received them', () =>
    inWorld(async (world) => {
      await world.park('request-1', [logout('t1')], 'why');
      await world.receivable('parked');
      for (const command of ['list', 'show']) {
        const { code, out } = await world.dlq(command);
        expect(code).toBe(0);
        expect(out).toMatch(/^bindery-parked: nothing found\nabout 1 more cannot be seen now/);
      }
    }));
});

describe.concurrent('whom an operation concerns', () => {
  test('is printed by no command, unless it is asked for', () =>
    inWorld(async (world) => {
      await fill(world);
      const said = [
        await world.dlq('list', '--json'),
        await world.dlq('show'),
        await world.dlq('redrive', '--reason', 'dead-letter', '--yes'),
        await world.dlq('purge', '--yes'),
      ];
      expect(said.map(({ code }) => code)).toEqual(said.map(() => 0));
      expect(JSON.stringify(said)).not.toContain(CANARY);
      expect(await world.sizeOf('operations')).toBe(2);
    }));

  test('is shown with --reveal, bodies that cannot be read included', () =>
    inWorld(async (world) => {
      await fill(world);
      const { out } = await world.dlq('show', '--reveal');
      expect(out).toContain(`token "${CANARY}-1"  accounts "0#${CANARY}@example.com"`);
      expect(out).toContain(`token "${CANARY}-3"`);
      expect(out).toContain(OTHER_VERSION);
    }));

  test('cannot take over the terminal that it is shown on', () =>
    inWorld(async (world) => {
      await world.park('request-\u009b2J', [login('\u001b[2J', 'a\u202eb')], 'why\nnot');
      await world.deadBody('not JSON \u0085\u009b2J');
      const { out } = await world.dlq('show', '--reveal');
      expect(out).not.toMatch(/[^\P{C}\n]/u);
      expect(out).toContain('token "\\u001b[2J"  accounts "0#a\\u{202e}b"');
      expect(out).toContain('why\\u{a}not');
    }));
});

test('show says of each message why and when it was parked and what it would do', () =>
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

describe.concurrent('looking', () => {
  test('without --yes nothing is changed, and what was looked at can be received again at once', () =>
    inWorld(async (world) => {
      await fill(world);
      for (const command of ['list', 'show', 'redrive', 'purge']) {
        const { code, out, err } = await world.dlq(command);
        expect([code, err]).toEqual([0, '']);
        expect(out).not.toContain(CANARY);
      }
      const messages = await world.receivable('parked');
      expect(messages).toHaveLength(4);
      expect(messages.filter(({ MessageAttributes }) => MessageAttributes?.['reason'])).toHaveLength(2);
      expect(await world.sizeOf('operations')).toBe(0);
    }));

  test('gives everything back when the work fails', () =>
    inWorld(async (world) => {
      await fill(world);
      const failed = looking(world, async () => {
        throw new Error('a bug');
      });
      await expect(failed).rejects.toThrow('a bug');
      expect(await world.receivable('parked')).toHaveLength(4);
    }));

  test('gives everything back when it is stopped in the middle', () =>
    inWorld(async (world) => {
      await fill(world);
      const stopping = new AbortController();
      afterEachCall(world, ReceiveMessageCommand.name, async () => stopping.abort(new UserError('stopped')));
      const stopped = looking(world, async (looked) => looked, { signal: stopping.signal });
      await expect(stopped).rejects.toThrow('stopped');
      expect(await world.receivable('parked')).toHaveLength(4);
    }));

  test('stops at the limit, says so, and gives back what is beyond it', () =>
    inWorld(async (world) => {
      for (let i = 0; i < 25; i++) await world.park(`request-${i}`, [logout('t1')], 'why');
      const looked = await looking(world, async (looked) => looked, { limit: 12 });
      expect(looked.found).toHaveLength(12);
      expect(looked.isWhole).toBe(false);
      expect(await world.receivable('parked')).toHaveLength(25);
    }));

  test('finds all of a queue that holds just as many as the limit', () =>
    inWorld(async (world) => {
      for (let i = 0; i < 12; i++) await world.park(`request-${i}`, [logout('t1')], 'why');
      const looked = await looking(world, async (looked) => looked, { limit: 12 });
      expect([looked.found.length, looked.isWhole]).toEqual([12, true]);
    }));

  test('ends when its time is over, and says that there may be more', () =>
    inWorld(async (world) => {
      await fill(world);
      expect(await looking(world, async (looked) => looked, { readS: 0 })).toMatchObject({ found: [], isWhole: false });
    }));

  test('counts a message that SQS delivers twice once', () =>
    inWorld(async (world) => {
      await world.park('request-1', [logout('t1')], 'why');
      await world.park('request-2', [logout('t2')], 'why');
      let receives = 0;
      afterEachCall(world, ReceiveMessageCommand.name, async () => {
        // While it is being looked at the first message becomes visible again, and comes once more.
        if (receives++ === 0) await world.lapse();
      });
      const looked = await looking(world, async ({ found, isWhole }, remove) => {
        await remove(found);
        return { found, isWhole };
      });
      expect(receives).toBe(3);
      expect(looked).toMatchObject({ found: [{ receives: 1 }, { receives: 1 }], isWhole: true });
      expect(await world.sizeOf('parked')).toBe(0);
    }));
});

describe.concurrent('a redrive', () => {
  test('sends each body as it is, without its reason, also one that this version cannot read', () =>
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

  test('says before it is done what is parked again and what cannot be read', () =>
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

  test('has a message on the operations queue before it leaves the parked one', () =>
    inWorld(async (world) => {
      await fill(world);
      const sizes: number[][] = [];
      beforeEachCall(world, DeleteMessageBatchCommand.name, async () => {
        sizes.push([await world.sizeOf('operations'), await world.sizeOf('parked')]);
      });
      await redriven(world);
      expect(sizes).toEqual([
        [1, 4],
        [2, 3],
        [3, 2],
        [4, 1],
      ]);
    }));

  test('leaves a message on both queues where it cannot delete it', () =>
    inWorld(async (world) => {
      await fill(world);
      beforeEachCall(world, DeleteMessageBatchCommand.name, async () => {
        throw new Error('AccessDenied');
      });
      await expect(redriven(world)).rejects.toThrow(UserError);
      expect(await world.sizeOf('operations')).toBe(1);
      expect(await world.receivable('parked')).toHaveLength(4);
    }));

  test('leaves what the operations queue does not take where it was, and says how far it came', () =>
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

  test('that is interrupted gives back what it has not sent, and loses nothing', () =>
    inWorld(async (world) => {
      await fill(world);
      const { ended, interrupt } = start(['redrive', '--yes', '--rate', '0.01', '--limit', '10'], world.environment());
      await vi.waitFor(async () => expect(await world.sizeOf('parked')).toBe(3), { timeout: 30_000 });
      interrupt();
      const { code, out, err } = await ended;
      expect([code, out, err]).toEqual([130, '', 'stopped\n1 of 4 messages had been redriven before\n']);
      expect(await world.receivable('operations')).toHaveLength(1);
      expect(await world.receivable('parked')).toHaveLength(3);
    }));

  test('refuses to send to a queue whose dead letters go elsewhere, or nowhere', () =>
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
});

describe.concurrent('only messages with the reason are touched', () => {
  test('by a redrive', () =>
    inWorld(async (world) => {
      await fill(world);
      await world.dlq('redrive', '--reason', 'another reason', '--yes');
      const sent = await world.receivable('operations');
      expect(sent.map(({ Body = '' }) => JSON.parse(Body).id)).toEqual(['request-2']);
      expect(await world.receivable('parked')).toHaveLength(3);
    }));

  test('by a purge', () =>
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
});

describe.concurrent('--older-than', () => {
  test('spares what is younger', () =>
    inWorld(async (world) => {
      await fill(world);
      const { out } = await world.dlq('purge', '--older-than', '1', '--yes');
      expect(out).toMatch(/^0 messages deleted from bindery-parked\n4 other messages left alone$/m);
      expect(await world.receivable('parked')).toHaveLength(4);
    }));

  test('means days since a message was sent', () => {
    const DAY_MS = 86_400_000;
    const { matches } = selectionIn({ 'older-than': '1.5' }, 3 * DAY_MS);
    const sent = (sentMs: number) => ({ id: 'm1', body: '', reason: 'why', receives: 1, sentMs });
    expect([matches(sent(1.5 * DAY_MS - 1)), matches(sent(1.5 * DAY_MS))]).toEqual([true, false]);
  });
});

test('--help says what a look does to the queue', () =>
  inWorld(async (world) => {
    const { code, out } = await world.dlq('--help');
    expect(code).toBe(0);
    expect(out).toMatch(/^npm run dlq -- list \| show \| redrive \| purge/);
    expect(out).toContain('hidden from others');
    expect(out).toContain('--limit');
  }));

const URL = 'https://sqs.eu-west-1.amazonaws.com/123456789012/parked';
test.concurrent.each<[string[], string]>([
  [[], 'say one of list, show, redrive, purge: see --help'],
  [['list', 'show'], 'say one of list, show, redrive, purge: see --help'],
  [['requeue'], 'say one of list, show, redrive, purge: see --help'],
  [['list', '--all'], "Unknown option '--all': see --help"],
  [['list', '--yes'], '--yes means nothing to list: see --help'],
  [['purge', '--rate', '5'], '--rate means nothing to purge: see --help'],
  [['list', '--limit', '0'], '--limit 0: is not a number above 0'],
  [['list', '--limit', '1.5'], '--limit 1.5: is not a whole number'],
  [['purge', '--older-than', 'week'], '--older-than week: is not a number above 0'],
  [['list', '--parked-queue', 'parked'], "--parked-queue parked: is not a queue's URL, such as the stack's output has"],
  [['redrive', '--parked-queue', URL], 'name the queue to send to, with --operations-queue'],
  [['redrive', '--operations-queue', URL], 'name the parked queue too, with --parked-queue'],
  [
    ['redrive', '--parked-queue', URL, '--operations-queue', URL, '--rate', '0.01', '--yes'],
    '--limit 1000 at --rate 0.01 takes longer than the 12 hours that SQS can hold messages',
  ],
  [
    ['list', '--parked-queue', 'http://127.0.0.1:1/000000000000/parked'],
    'nothing answers at http://127.0.0.1:1: is `npm start` running?',
  ],
  [
    ['list'],
    'no instance runs in this directory: start one with `npm start`, or name the queues with --parked-queue and --operations-queue',
  ],
])('%j is refused in one line that says what to do', async (options, line) => {
  const environment = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
  const { code, out, err } = await start(options, environment).ended;
  expect([code, out, err]).toEqual([1, '', `${line}\n`]);
});

test('a queue that does not exist is named, without the AWS account that it would be in', () =>
  inWorld(async (world) => {
    const url = world.queues.parked.url.replace('parked', 'parcels');
    const { code, err } = await world.dlq('list', '--parked-queue', url);
    expect(code).toBe(1);
    expect(err).toMatch(/^bindery-parcels cannot be read: QueueDoesNotExist: .+\n$/);
    expect(err).not.toContain('000000000000');
  }));
