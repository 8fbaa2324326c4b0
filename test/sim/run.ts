import { parseArgs } from 'node:util';
import * as z from 'zod';
import { addToCorpus } from './corpus.ts';
import { MIRROR_FAULTS } from './faults.ts';
import type { Finding } from './finding.ts';
import { huntAll, isMissed } from './hunt.ts';
import { inPieces } from './jobs.ts';
import { figureLines } from './mirror/figures.ts';
import { MUTANTS } from './mutants.ts';
import { SUITE_NAMES, type SweepResult } from './suites.ts';

const USAGE = `npm run sim -- [options]

  --seeds N       how many seeds to run (10000)
  --from S        the first of them (a new one each time)
  --suite NAME    ${SUITE_NAMES.join(', ')} (end-to-end)
  --fault NAME    only this kind of fault; may be given more than once: ${MIRROR_FAULTS.join(', ')}
  --calm          no fault at all
  --mutant NAME   runs the seeds over code with that fault of our own making
  --seed S        runs one seed and tells its history, if it fails
  --mutants       switches on one fault of our own making after the other: each has to be noticed
  --help
`;

const Options = z.object({
  seeds: z.coerce.number().int().min(1).default(10_000),
  from: z.coerce.number().int().min(0).optional(),
  suite: z.enum(SUITE_NAMES).default('end-to-end'),
  fault: z.array(z.enum(MIRROR_FAULTS)).optional(),
  calm: z.boolean().default(false),
  mutant: z.enum(MUTANTS.map(({ name }) => name)).optional(),
  seed: z.coerce.number().int().min(0).optional(),
  mutants: z.boolean().default(false),
  help: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

const say = (text: string) => process.stdout.write(`${text}\n`);

/** Returns the options of the command line, or a text that says what is wrong with them. */
function optionsIn(): Options | string {
  try {
    const { values } = parseArgs({ options: FLAGS });
    const options = Options.safeParse(values);
    return options.success ? options.data : z.prettifyError(options.error);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const FLAGS = {
  seeds: { type: 'string' },
  from: { type: 'string' },
  suite: { type: 'string' },
  fault: { type: 'string', multiple: true },
  calm: { type: 'boolean' },
  mutant: { type: 'string' },
  seed: { type: 'string' },
  mutants: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

async function main(): Promise<boolean> {
  const options = optionsIn();
  if (typeof options === 'string' || options.help) {
    say(typeof options === 'string' ? `${options}\n\n${USAGE}` : USAGE);
    return typeof options !== 'string';
  }
  return options.mutants ? huntMutants() : runSeeds(options);
}

async function runSeeds(options: Options): Promise<boolean> {
  const from = options.seed ?? options.from ?? Date.now() % 2 ** 31;
  const count = options.seed === undefined ? options.seeds : 1;
  const { suite } = options;
  const only = options.calm ? [] : options.fault;
  const mutant = MUTANTS.find(({ name }) => name === options.mutant);
  const started = performance.now();
  const swept = await inPieces({ suite, from, count, only }, mutant);
  report(options, from, swept, (performance.now() - started) / 1000);
  if (mutant === undefined) addToCorpus(swept.findings.map(({ seed }) => ({ suite, seed, ...(only && { only }) })));
  return swept.findings.length === 0;
}

function report({ suite, fault }: Options, from: number, swept: SweepResult, seconds: number): void {
  const { findings, exposure } = swept;
  for (const finding of findings.slice(0, 3)) tell(suite, fault, finding);
  say(
    `${suite}: ${swept.seeds} seeds from ${from}, ${swept.cases} cases, ${(swept.seeds / seconds).toFixed(0)} seeds per second`,
  );
  for (const [name, times] of Object.entries(swept.faults).sort()) say(`  ${name}: ${times}`);
  say(`divergences: ${findings.length}`);
  if (suite === 'mirror') for (const line of figureLines(swept.seeds, swept.figures)) say(line);
  if (suite !== 'end-to-end') return;
  const mean = exposure.removals === 0 ? 0 : exposure.exposedMs / exposure.removals / 1000;
  say(`leak-seconds after a removal was answered: ${(exposure.leakedMs / 1000).toFixed(3)}`);
  say(`seconds a binding outlived the acceptance of its removal, under these faults: ${mean.toFixed(3)} in the mean`);
}

function tell(suite: string, only: Options['fault'], { seed, oracle, expected, actual, trace }: Finding): void {
  const faults = (only ?? []).map((name) => ` --fault '${name}'`).join('');
  say(`seed ${seed}: ${oracle}\n  expected: ${expected}\n  actual:   ${actual}`);
  for (const line of trace) say(`    ${line}`);
  say(`  again: npm run sim -- --suite ${suite} --seed ${seed}${faults}\n`);
}

async function huntMutants(): Promise<boolean> {
  const results = await huntAll();
  for (const { mutant, result } of results) {
    const [finding] = result.findings;
    const found = finding ? `seed ${finding.seed}, ${finding.oracle}` : `${result.seeds} seeds of ${mutant.suite}`;
    say(`${finding ? 'noticed' : 'MISSED '} ${mutant.name}: ${found}`);
  }
  const missed = results.filter(isMissed).length;
  say(`${MUTANTS.length - missed} of ${MUTANTS.length} mutants were noticed`);
  return missed === 0;
}

process.exitCode = (await main()) ? 0 : 1;
