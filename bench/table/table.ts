import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { command } from '../../cli/command.ts';
import { markdownOf, type Row } from '../report.ts';

/** The rows of the README, misses among them. */
const README = [
  'one event, door and worker / on the SDK',
  'events door and worker, 100 a request / on the SDK',
  'ours / Fastify and PostgreSQL, 100 a request: service and its store',
  'events: import and first call / usual bundle',
  'single, 20 a second, function URL',
];

const Rows = z.union([z.array(z.unknown()), z.object({ rows: z.array(z.unknown()) }).transform(({ rows }) => rows)]);

export const run = command({
  name: 'bench table',
  usage: 'npm run bench -- table',
  about:
    'Runs speed (with cold starts), cost and scale, and prints the tables of docs/performance and of the README in Markdown. Takes some ten minutes.',
  options: {},
  run: async (_, { print }) => {
    const folder = mkdtempSync(join(tmpdir(), 'bindery-bench-'));
    const rows = ['speed', 'cost'].flatMap((name) => {
      const file = join(folder, `${name}.json`);
      bench(name, '--json', file);
      // Written by this version of `report.ts`; figures that are no numbers became null.
      return Rows.parse(JSON.parse(readFileSync(file, 'utf8'))) as Row[];
    });
    bench('scale');
    rmSync(folder, { recursive: true });
    const goals = rows.filter(({ goal }) => goal !== null);
    const missed = goals.filter(({ met }) => met !== 'yes');
    print(`README.md\n\n${markdownOf(rows.filter(({ name }) => README.includes(name)))}\n`);
    print(`docs/performance/README.md: ${missed.length} of ${goals.length} goals are missed\n\n${markdownOf(rows)}`);
    return 0;
  },
});

/** Runs a benchmark in a process of its own, which nothing else has warmed up. */
function bench(...args: string[]): void {
  const options = { cwd: join(import.meta.dirname, '../..'), stdio: 'inherit' } as const;
  execFileSync(process.execPath, ['bench/bench.ts', ...args], options);
}
