import { type Command, runCommand } from '../cli/command.ts';
import { columns } from '../cli/table.ts';
import { UserError } from '../local/user-error.ts';

type Benchmark = {
  readonly measures: string;
  /** Imports the benchmark only when it runs: other modules in the process would change what is measured. */
  readonly load: () => Promise<{ readonly run: Command }>;
};

const DEFAULT = 'speed';

/** The subcommands, in the order of the help. Each is the folder of its name. */
const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  speed: {
    measures: 'doors, worker, mirror and cold starts, beside floors and peers; the default',
    load: () => import('./speed/speed.ts'),
  },
  cold: {
    measures: 'cold starts alone, beside a trimmed handler and the usual bundle',
    load: () => import('./cold/cold.ts'),
  },
  cost: {
    measures: 'what AWS bills for a million events, beside a naive design',
    load: () => import('./cost/cost.ts'),
  },
  scale: {
    measures: 'how cost grows with phones, accounts, events and backlog; draws docs/performance',
    load: () => import('./scale/scale.ts'),
  },
  table: {
    measures: 'all of the above; writes the figures into README.md and docs/performance',
    load: () => import('./table/table.ts'),
  },
};

const HELP = `npm run bench -- [benchmark] [options]

Measures what Bindery costs, in time and in money.

${columns(Object.entries(BENCHMARKS).map(([name, { measures }]) => [name, measures])).join('\n')}

For the options of a benchmark: npm run bench -- cost --help`;

await runCommand(async (terminal) => {
  const [first = DEFAULT, ...rest] = terminal.args;
  if (first === '--help') {
    terminal.print(HELP);
    return 0;
  }
  const [name, args] = first.startsWith('-') ? [DEFAULT, [first, ...rest]] : [first, rest];
  const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (benchmark === undefined)
    throw new UserError(`no benchmark is called ${name}: choose ${Object.keys(BENCHMARKS).join(', ')}`);
  const { run } = await benchmark.load();
  return run({ ...terminal, args });
});
