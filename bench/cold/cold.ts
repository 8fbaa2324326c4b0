import { command } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { publish } from '../report.ts';
import { COLD_STARTS, coldRows } from './rows.ts';

export const run = command({
  name: 'bench cold',
  usage: 'npm run bench -- cold [options]',
  about:
    'Measures the cold starts of the functions for HTTP and of apply: size of the bundle, import and first call, each in a process of its own. The trimmed handler makes the same AWS calls with our client and nothing else. The usual bundle makes them with the SDK in middy and zod, as a minified ES module. Our function on the SDK shows what our client takes off.',
  options: {
    runs: { value: 'N', default: `${COLD_STARTS}`, help: 'cold starts of each bundle, at least 5' },
    json: { value: 'FILE', help: 'also write the rows to a file' },
  },
  run: async ({ values }) => {
    const runs = Number(values.runs);
    if (!Number.isInteger(runs) || runs < 5) throw new UserError(`--runs ${values.runs}: give a whole number from 5`);
    publish({ title: 'Cold starts', ...(await coldRows(runs)) }, values.json);
    return 0;
  },
});
