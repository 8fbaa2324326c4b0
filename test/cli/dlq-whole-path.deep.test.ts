import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dlq } from '../../cli/dlq/dlq.ts';
import { operationsQueue } from '../../functions/aws/queues.ts';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { startSqs } from '../../local/aws/servers.ts';
import { startLocal } from '../../local/instance.ts';
import { localClient } from '../aws/local-client.ts';
import { Caller } from '../local/caller.ts';
import { exampleConfiguration, sharedInstance } from '../local/instance.ts';
import { login, TOO_OLD, World } from './dlq-world.ts';
import { run } from './run.ts';

const data = mkdtempSync(join(tmpdir(), 'bindery-'));
beforeAll(leaveDeadLetter);
const shared = sharedInstance(() => startLocal({ configuration: exampleConfiguration(), port: 0, data }));
afterAll(() => rmSync(data, { recursive: true, force: true }));

/** Leaves the queues of an earlier run that accepted a login and could never apply it. */
async function leaveDeadLetter(): Promise<void> {
  const server = await startSqs(join(data, 'queues'));
  const world = await World.on(server);
  await world.deadLetter('request-1', [login('phone-1', 'alice')]);
  world.client.destroy();
  await server.stop();
}

/** The number of messages of each reason, when none is hidden any more: an instance gives them back after a second. */
const listed = (): Promise<[string, number][]> =>
  vi.waitFor(
    async () => {
      const { out } = await run(dlq(0), ['list', '--json'], { folder: shared().folder });
      const { reasons, hidden } = JSON.parse(out);
      expect(hidden).toBe(0);
      return reasons.map(({ reason, messages }: { reason: string; messages: number }) => [reason, messages]);
    },
    { timeout: 10_000 },
  );

test('the worker parks a bind past the horizon, `dlq list` counts it, and a dead letter that is redriven is applied', async () => {
  const { instance } = shared();
  const caller = new Caller(instance);
  const client = localClient('sqs', instance.sqs);
  const old = login('phone-2', 'bob', Date.now() - HORIZON_MS - 60_000);
  await operationsQueue(client, `${instance.sqs}/000000000000/${NAMES.operations}`)({ id: 'request-2' }, [old]);
  await caller.idle();
  const both = [
    ['dead-letter', 1],
    [TOO_OLD, 1],
  ];
  expect(await listed()).toEqual(both);
  expect(await caller.accountsOf('xg-android', ['phone-1', 'phone-2'])).toEqual([[], []]);

  // Reading again and again loses nothing, although this instance keeps its queues in a folder.
  expect(await listed()).toEqual(both);
  const { code, out } = await run(dlq(), ['redrive', '--yes'], { folder: shared().folder });
  expect(code).toBe(0);
  expect(out).toContain('2 messages went to bindery-operations, from bindery-parked');
  await caller.idle();
  expect(await caller.accountsOf('xg-android', ['phone-1', 'phone-2'])).toEqual([['alice'], []]);
  expect(await listed()).toEqual([[TOO_OLD, 1]]);
});
