import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../local/instance.ts';
import { launch, runProcess, started } from '../../local/process.ts';

const LINES = 2_000;
const APP = 'tpns-android';

/** A list with two lines for each token of a third: the later bind stays. Returns what must be bound. */
function listIn(file: string): readonly string[] {
  const bound = new Map<string, string>();
  const lines = Array.from({ length: LINES }, (_, i) => {
    const token = `phone-${i % (LINES * 0.75)}`;
    const account = `user-${i}`;
    bound.set(token, account);
    return `${token},${account},${new Date(Date.parse('2024-01-01') + i * 60_000).toISOString()}`;
  });
  // The newest line need not be the last one.
  writeFileSync(file, ['token,account,bound_at', ...lines.toReversed(), ''].join('\n'));
  return [...bound].map(([token, account]) => `${token} ${account}`).sort();
}

async function exportedIn(folder: string): Promise<{ readonly file: string; readonly bound: readonly string[] }> {
  const file = join(folder, 'export.ndjson.gz');
  const { code, err } = await runProcess(['export', '--file', file], folder);
  expect([code, err]).toEqual([0, expect.stringContaining('bindings were exported')]);
  const rows = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  const bound = rows.map((row) => JSON.parse(row)).map(({ token, account }) => `${token} ${account}`);
  return { file, bound: bound.sort() };
}

test('an import that is killed half way ends equal to its list, and an import of its export restores an equal registry', async () => {
  const folder = temporaryFolder();
  const first = await started(folder);
  const file = join(folder, 'list.csv');
  const wanted = listIn(file);
  const args = ['import', '--file', file, '--app', APP, '--yes'];
  const half = launch([...args, '--rate', '500'], folder);
  await expect.poll(() => lineIn(`${file}.import`), { timeout: 60_000 }).toBeGreaterThan(LINES / 4);
  half.kill('SIGKILL');
  await once(half, 'exit');
  expect(lineIn(`${file}.import`)).toBeLessThan(LINES);
  const { code, err } = await runProcess([...args, '--rate', '5000'], folder);
  expect([code, err]).toEqual([0, expect.stringMatching(/goes on after line [\s\S]*The queue is empty/)]);
  const { file: exported, bound } = await exportedIn(folder);
  expect(bound).toEqual(wanted);
  await first.end('SIGTERM');

  const other = temporaryFolder();
  await started(other);
  expect((await runProcess(['import', '--file', exported, '--yes', '--rate', '5000'], other)).code).toBe(0);
  expect((await exportedIn(other)).bound).toEqual(wanted);
});

const lineIn = (state: string): number => (existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')).line : 0);
