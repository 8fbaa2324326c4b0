import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { command } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { machine, markdownOf, type Row } from '../report.ts';

const root = join(import.meta.dirname, '../..');

/** The rows of the README, misses among them. */
const SHOWN = [
  '1 event a request, door and worker / on the SDK',
  '100 events a request, door and worker / on the SDK',
  'ours / Fastify and PostgreSQL, 100 a request: service and its store',
  'events: import and first call / usual bundle',
  'single, 20 a second, ledger, function URL',
];

const Rows = z.union([z.array(z.unknown()), z.object({ rows: z.array(z.unknown()) }).transform(({ rows }) => rows)]);

export const run = command({
  name: 'bench table',
  usage: 'npm run bench -- table',
  about:
    'Runs speed (with cold starts), cost and scale, which takes some ten minutes on a quiet machine, and writes their figures into README.md and docs/performance.',
  options: {},
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bindery-bench-'));
    const rows = ['speed', 'cost'].flatMap((name) => {
      const file = join(folder, `${name}.json`);
      bench(name, '--json', file);
      // This version has written them. Figures that are no numbers have become null.
      return Rows.parse(JSON.parse(readFileSync(file, 'utf8'))) as Row[];
    });
    rmSync(folder, { recursive: true });
    bench('scale');
    const shown = rows.filter(({ name }) => SHOWN.includes(name));
    if (shown.length < SHOWN.length) throw new UserError('a row of the README is missing: is PostgreSQL installed?');
    for (const [file, table] of [
      ['README.md', shown],
      ['docs/performance/README.md', rows],
    ] as const)
      writeFileSync(join(root, file), withFigures(readFileSync(join(root, file), 'utf8'), table, rows));
    return 0;
  },
});

/** Runs a benchmark in a process of its own, which no other one has warmed up. */
function bench(...args: string[]): void {
  execFileSync(process.execPath, ['bench/bench.ts', ...args], { cwd: root, stdio: 'inherit' });
}

/** Returns a document with these rows in the place of its table, the number of all goals missed, and the machine and date. */
export function withFigures(document: string, table: readonly Row[], all: readonly Row[], now = new Date()): string {
  const goals = all.filter(({ goal }) => goal !== null);
  const missed = goals.filter(({ met }) => met !== 'yes');
  const [processor] = machine();
  return document
    .replace(/\| *\| unit \|.*\n(?:\|.*\n)+/, `${markdownOf(table)}\n`)
    .replace(/\d+ of \d+ goals are missed/, `${missed.length} of ${goals.length} goals are missed`)
    .replace(/^Printed on .*$/m, `Printed on ${now.toISOString().slice(0, 10)}: ${processor}.`);
}
