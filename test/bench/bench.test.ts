import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { startChild, textFrom } from '../../bench/child.ts';
import { startStub } from '../../bench/stub/stub.ts';

const root = join(import.meta.dirname, '..', '..');

const Rows = z.array(
  z.strictObject({
    name: z.string().min(1),
    unit: z.string().min(1),
    ours: z.number().positive(),
    reference: z.number().positive(),
    ratio: z.number().positive(),
    goal: z.number().nullable(),
    met: z.boolean().nullable(),
  }),
);

test('every row of this process can be made: through the real doors, with answers that are not refusals', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bindery-'));
  const file = join(folder, 'rows.json');
  const args = ['bench/bench.ts', 'speed', '--quick', '--only', 'events,accountApi,apply,sdk', '--json', file];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  const rows = Rows.parse(JSON.parse(readFileSync(file, 'utf8')));
  await rm(folder, { recursive: true });
  const names = rows.map(({ name }) => name.split(/[,:]/)[0]);
  expect([...new Set(names)]).toEqual(['events door', 'query', 'batchoperate', 'apply', 'SendMessage without network']);
  expect(rows.filter(({ goal }) => goal !== null).length).toBeGreaterThan(5);
  for (const { name } of rows) expect(stdout).toContain(name);
});

test('our side of the comparison with the peer starts, also where there is no Redis to compare with', async () => {
  const stub = await startStub();
  for (const args of [[stub.url], [stub.url, 'memory']]) {
    const app = await startChild('peer/ours-process.ts', args);
    expect(textFrom(app.ready)).toMatch(/^http:/);
    await app.stop();
  }
  await stub.stop();
});

test('a group that does not exist is said, with those that do', async () => {
  const run = promisify(execFile)(process.execPath, ['bench/bench.ts', '--only', 'nothing'], { cwd: root });
  await expect(run).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('events, accountApi') });
});
