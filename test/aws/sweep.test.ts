import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { sweepDoor } from '../../functions/aws/sweep.ts';
import { applyAll } from '../../functions/core/apply.ts';
import type { Line } from '../../functions/lambda/log.ts';
import { ChecksMessage } from '../../functions/mirror/mark.ts';
import { app, moved, override } from '../world/examples.ts';
import { sqsOfFile } from './sqs.ts';
import { type EmbeddedTable, embeddedTable } from './table.ts';

const { client, queue, received } = sqsOfFile();
let table: EmbeddedTable;
beforeAll(async () => {
  table = await embeddedTable();
});
afterAll(() => table.stop());

const SHOP = app().id;
const MINUTE_MS = 60_000;

// A door looks at nothing else of a context.
const remaining = (ms: () => number) => ({ getRemainingTimeInMillis: ms }) as Context;

async function swept(checksQueues: Record<string, string>, remainingMs = 5 * MINUTE_MS) {
  const lines: { level: string; message: string; line: Line }[] = [];
  const run = sweepDoor({
    table,
    queues: client(),
    checksQueues,
    log: (level, message, line) => lines.push({ level, message, line }),
  });
  await run(
    {},
    remaining(() => remainingMs),
  );
  return lines;
}

test('a sweep has tokens verified and logs one line without names', async () => {
  const checks = await queue('checks');
  const store = dynamodbRegistryStore(table);
  const login = moved(override(Date.now(), ['canary-account']), 'canary-token');
  await applyAll({ store, now: Date.now, pause: async () => {} }, [login]);
  const short = await swept({ [SHOP]: checks }, MINUTE_MS);
  expect(short).toMatchObject([{ level: 'info', line: { outcome: 'unfinished', pages: 0 } }]);
  const lines = await swept({ [SHOP]: checks });
  expect(lines).toMatchObject([{ level: 'info', message: 'sweep', line: { outcome: 'done', scanned: 2, checks: 1 } }]);
  expect(JSON.stringify(lines)).not.toContain('canary');
  const messages = (await received(checks)).map(({ Body = '' }) => ChecksMessage.parse(JSON.parse(Body)));
  expect(messages).toMatchObject([{ app: SHOP, cause: 'sweep', checks: [{ token: 'canary-token' }] }]);
  expect(await swept({ [SHOP]: checks })).toMatchObject([{ line: { outcome: 'idle', scanned: 0 } }]);
});

test('a table that does not answer is a warning, not a crash', async () => {
  const stopped = await embeddedTable();
  await stopped.stop();
  const lines: { level: string; line: Line }[] = [];
  const log = (level: string, _: string, line: Line) => lines.push({ level, line });
  await sweepDoor({ table: stopped, queues: client(), checksQueues: {}, log })(
    {},
    remaining(() => 5 * MINUTE_MS),
  );
  expect(lines).toMatchObject([{ level: 'warn', line: { outcome: 'unavailable', reason: expect.any(String) } }]);
});

test('a bug is thrown, and its text stays out of the log', async () => {
  const lines: { level: string; message: string; line: Line }[] = [];
  const log = (level: string, message: string, line: Line) => lines.push({ level, message, line });
  const run = sweepDoor({ table: await embeddedTable(), queues: client(), checksQueues: {}, log });
  const bug = remaining(() => {
    throw new TypeError('canary');
  });
  await expect(run({}, bug)).rejects.toThrow('canary');
  expect(lines).toMatchObject([{ level: 'error', message: 'bug', line: { error: 'TypeError' } }]);
  expect(JSON.stringify(lines)).not.toContain('canary');
});
