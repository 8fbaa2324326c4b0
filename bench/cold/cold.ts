import { argumentsOf } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { publish } from '../report.ts';
import { coldRows } from './rows.ts';

const HELP = `npm run bench -- cold [options]

Measures the cold starts of events, account-api and apply: size of the bundle, import and first call, each in a process
of its own. The trimmed handler makes the same AWS calls and nothing else, bundled as ours. The usual bundle makes them
in middy and zod, as a minified ES module.

  --runs N      cold starts of each bundle, at least 5. Default: 9
  --json FILE   also write the rows to a file
  --help        show this text`;

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
  if (!Number.isInteger(runs) || runs < 5) throw new UserError(`--runs ${values.runs}: give a whole number from 5`);
  publish({ title: 'Cold starts', ...(await coldRows(runs)) }, values.json);
}
