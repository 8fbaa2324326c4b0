import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'undici';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { EVENTS_PATH, signed } from '../../bench/installation.ts';
import { QUICK } from '../../bench/measure.ts';
import { startOurs } from '../../bench/peer/apps.ts';
import { loginBody } from '../../bench/sample-events.ts';
import { startStub } from '../../bench/stub/stub.ts';

const root = join(import.meta.dirname, '..', '..');

const bench = (...args: string[]) => promisify(execFile)(process.execPath, ['bench/bench.ts', ...args], { cwd: root });

const Rows = z.array(
  z.strictObject({
    name: z.string().min(1),
    unit: z.string().min(1),
    ours: z.number().positive(),
    reference: z.number().positive(),
    ratio: z.number().positive(),
    goal: z.number().nullable(),
    met: z.enum(['yes', 'close', 'NO']).nullable(),
    goalOf: z.object({}).optional(),
  }),
);

test('every row of the functions and of npm start is measured with calls that succeed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bindery-'));
  const file = join(folder, 'rows.json');
  const args = ['speed', '--quick', '--only', 'functions,events,endToEnd', '--json', file];
  const { stdout } = await bench(...args);
  const rows = Rows.parse(JSON.parse(readFileSync(file, 'utf8')));
  await rm(folder, { recursive: true });
  const names = rows.map(({ name }) => name.split(/[,:] |[0-9]/)[0]);
  expect([...new Set(names)]).toEqual(['', 'query', 'batchoperate', 'events door', 'npm start']);
  expect(rows.filter(({ goal }) => goal !== null).length).toBe(5);
  for (const { name } of rows) expect(stdout).toContain(name);
});

test('our app of the comparison with the peers applies what it accepts, and counts it', async () => {
  const stub = await startStub();
  const ours = await startOurs({ stub, effort: QUICK });
  const body = loginBody(2);
  const headers = { 'content-type': 'application/json', ...(await signed(body)) };
  const { statusCode } = await request(`${ours.url}${EVENTS_PATH}`, { method: 'POST', headers, body });
  expect([statusCode, await ours.progress(ours.countOf(2))]).toMatchObject([200, { done: 1 }]);
  await ours.stop();
  await stub.stop();
});

test.each([
  [
    'group is an error that lists the groups of speed, the default benchmark',
    ['--only', 'nothing'],
    'functions, events',
  ],
  ['benchmark is an error that lists the benchmarks', ['costs'], 'speed, cold, cost, scale, table'],
])('an unknown %s', async (_, args, names) => {
  await expect(bench(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(names) });
});

test('the help lists benchmarks, each a folder with a file of its name', async () => {
  const { stdout } = await bench('--help');
  const names = [...stdout.matchAll(/^ {2}(\w+) {2}/gm)].map(([, name = '']) => name);
  expect(names.filter((name) => !existsSync(join(root, 'bench', name, `${name}.ts`)))).toEqual([]);
  expect(names).toContain('cold');
});
