import * as z from 'zod';
import { command, type Options, runCommand } from '../../cli/command.ts';
import { UserError } from '../../local/user-error.ts';
import { addToCorpus } from './corpus.ts';
import { MIRROR_FAULTS } from './faults.ts';
import { figureLines } from './figures.ts';
import type { Finding } from './finding.ts';
import { huntAll, inPieces, isMissed } from './jobs.ts';
import { MUTANTS } from './mutants.ts';
import { SUITE_NAMES, type SweepResult } from './suites.ts';

const OPTIONS = {
  seeds: { value: 'N', help: 'number of seeds to run', default: '10000' },
  from: { value: 'S', help: 'the first of them. Default: a new one each time' },
  suite: { value: 'NAME', help: SUITE_NAMES.join(', '), default: 'end-to-end' },
  fault: {
    value: 'NAME',
    help: 'only this fault, of those below; may be repeated. Default: all that the suite has',
    repeats: true,
  },
  calm: { help: 'without faults' },
  mutant: { value: 'NAME', help: 'run the seeds over code with this mistake, made on purpose: each has to be noticed' },
  seed: { value: 'S', help: 'run one seed, and print its history if it fails' },
  mutants: { help: 'make one mistake after the other on purpose, and print whether it is noticed' },
} as const satisfies Options;

const Given = z.object({
  seeds: z.coerce.number().int().min(1),
  from: z.coerce.number().int().min(0).optional(),
  suite: z.enum(SUITE_NAMES),
  fault: z.array(z.enum(MIRROR_FAULTS)).optional(),
  calm: z.boolean().default(false),
  mutant: z.enum(MUTANTS.map(({ name }) => name)).optional(),
  seed: z.coerce.number().int().min(0).optional(),
});
type Given = z.infer<typeof Given>;

const say = (text: string) => process.stdout.write(`${text}\n`);

async function runSeeds(options: Given): Promise<boolean> {
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

function report({ suite, fault }: Given, from: number, swept: SweepResult, seconds: number): void {
  const { findings } = swept;
  for (const finding of findings.slice(0, 3)) tell(suite, fault, finding);
  say(
    `${suite}: ${swept.seeds} seeds from ${from}, ${swept.cases} cases, ${(swept.seeds / seconds).toFixed(0)} seeds per second`,
  );
  for (const [name, times] of Object.entries(swept.faults).sort()) say(`  ${name}: ${times}`);
  verdict(suite, swept);
}

/** Prints the figures and, as the last line, whether the suite passed. */
function verdict(suite: string, { seeds, findings, figures }: SweepResult): void {
  if (suite === 'mirror') for (const line of figureLines(seeds, figures)) say(line);
  if (suite === 'end-to-end') {
    const mean = figures.removals === 0 ? 0 : figures.exposedMs / figures.removals / 1000;
    say(
      `a binding was shown ${(figures.leakedMs / 1000).toFixed(3)} s after its removal was answered with 200 (must be 0)`,
    );
    say(
      `a removal took effect ${mean.toFixed(1)} s after it was issued on average (retries, queue and faults count; no limit)`,
    );
  }
  if (suite === 'phones') {
    const { strayed, shownWrong, arrived, hidden } = figures;
    say(`${strayed} messages came to a phone whose user they were not for`);
    say(`  shown without a check of the fence: ${strayed}`);
    say(`  shown with it: ${shownWrong} (must be 0)`);
    say(
      `${arrived} came to their user's phone; the fence hid ${hidden} of them: sent for another sign-in, or come before the answer`,
    );
    say(
      `${figures.staleAtRest} bindings outlived a sign-out, by bearers that name no session or are a few seconds older`,
    );
  }
  say(findings.length === 0 ? 'passed' : `FAILED: ${findings.length} of ${seeds} seeds break a promise`);
}

function tell(suite: string, only: Given['fault'], { seed, oracle, expected, actual, trace }: Finding): void {
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
  say(`${MUTANTS.length - missed} of ${MUTANTS.length} mutants were noticed: ${missed === 0 ? 'passed' : 'FAILED'}`);
  return missed === 0;
}

const sim = command({
  name: 'sim',
  usage: 'npm run sim -- [options]',
  about: `Runs the code of the functions in one thread, with a network, a queue, a table and clocks that follow from a seed, and compares what it shows with what docs/guarantees.md promises. A seed that breaks a promise is printed with the command that repeats it, and kept in test/sim/corpus.json. The last line says whether all seeds passed; the exit code is then 0.`,
  options: OPTIONS,
  notes: `Faults:\n${MIRROR_FAULTS.join('\n')}\n\nMistakes for --mutant:\n${MUTANTS.map(({ name }) => name).join('\n')}`,
  run: async ({ values }) => {
    const given = Given.safeParse(values);
    if (!given.success) throw new UserError(z.prettifyError(given.error));
    return (await (values.mutants ? huntMutants() : runSeeds(given.data))) ? 0 : 1;
  },
});

await runCommand(sim);
