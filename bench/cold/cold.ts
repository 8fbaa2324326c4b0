import { argumentsOf } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { publish } from '../report.ts';
import { coldRows } from './rows.ts';

const HELP = `npm run bench -- cold [options]

Measures the cold start of every deployed bundle: its size, its import, and its first call, each in a process of its own.
The trimmed handler makes the same AWS calls and nothing else, bundled as ours is. The usual bundle makes them behind
middy and zod, as an ES module that esbuild minified.

  --runs N      cold starts of each bundle, at least 5 (9)
  --json FILE   writes the rows there too
  --help        this text`;

const OPTIONS = {
  runs: { type: 'string', default: '9' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

export async function run(args: string[]): Promise<void> {
  const { values } = argumentsOf({ args, options: OPTIONS });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 5) throw new UserError('--runs is a number from 5');
  publish({ title: 'What a cold start costs', ...(await coldRows(runs)) }, values.json);
}
