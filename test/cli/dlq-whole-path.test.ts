import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operationsQueue } from '../../functions/aws/queues.ts';
import { HORIZON_MS } from '../../functions/core/merge.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { startSqs } from '../../local/aws/servers.ts';
import { type Local, startLocal } from '../../local/instance.ts';
import { Caller } from '../local/caller.ts';
import { CONFIG } from '../local/started.ts';
import { clientOf, login, start, TOO_OLD, World } from './dlq-world.ts';

let folder: string;
let local: Local;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bindery-'));
  await leaveDeadLetter();
  const read = readConfiguration(CONFIG);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  local = await startLocal({ configuration: read.configuration, port: 0, data: folder });
  // Where `npm start` leaves the description of an instance.
  const { stop: _, ...instance } = local;
  mkdirSync(join(folder, '.bindery'));
  writeFileSync(join(folder, '.bindery/local.json'), JSON.stringify({ ...instance, pid: process.pid }));
});
afterAll(async () => {
  await local.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An earlier run accepted a login, could never apply it, and ended. */
async function leaveDeadLetter(): Promise<void> {
  const server = await startSqs(join(folder, 'queues'));
  const world = await World.on(server);
  await world.deadLetter('request-1', [login('phone-1', 'alice')]);
  world.client.destroy();
  await server.stop();
}

const dlq = (...options: string[]) => start(options, {}, folder).ended;

/** How many messages of each reason the command lists, none of them out of sight. */
async function listed(): Promise<[string, number][]> {
  const { reasons, hidden } = JSON.parse((await dlq('list', '--json')).out);
  expect(hidden).toBe(0);
  return reasons.map(({ reason, messages }: { reason: string; messages: number }) => [reason, messages]);
}

test('a bind past the horizon is parked by the worker and listed; a dead letter that is redriven is applied', async () => {
  const caller = new Caller(local);
  const client = clientOf(local.sqs);
  const old = login('phone-2', 'bob', Date.now() - HORIZON_MS - 60_000);
  await operationsQueue(client, `${local.sqs}/000000000000/${NAMES.operations}`)('request-2', [old]);
  client.destroy();
  await caller.idle();
  const both = [
    ['dead-letter', 1],
    [TOO_OLD, 1],
  ];
  expect(await listed()).toEqual(both);
  expect(await caller.accountsOf('xg-android', ['phone-1', 'phone-2'])).toEqual([[], []]);

  // Looking at it again and again loses nothing, although this instance keeps its queues in a folder.
  expect(await listed()).toEqual(both);
  const { code, out } = await dlq('redrive', '--yes');
  expect(code).toBe(0);
  expect(out).toContain('2 messages went to bindery-operations, from bindery-parked');
  await caller.idle();
  expect(await caller.accountsOf('xg-android', ['phone-1', 'phone-2'])).toEqual([['alice'], []]);
  expect(await listed()).toEqual([[TOO_OLD, 1]]);
});
