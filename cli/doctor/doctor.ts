import { readConfiguration } from '../../infra/configuration.ts';
import { stageIn } from '../../infra/stages.ts';
import { command, type Terminal, type Values } from '../command.ts';
import { countOf } from '../dlq/queues.ts';
import { printable, wrapped } from '../table.ts';
import { localInstance, PORT_OPTION } from '../target.ts';
import { judgeClock } from './address.ts';
import { type Checked, error, ok, runChecks } from './finding.ts';
import { checksOfInstance } from './local.ts';

const OPTIONS = {
  stage: { value: 'NAME', help: 'the deployment of this stage. Default: the local instance' },
  profile: { value: 'NAME', help: 'the profile of your AWS credentials. Default: AWS_PROFILE, or default' },
  region: { value: 'R', help: 'the Region of the deployment. Default: AWS_REGION, or the one of the profile' },
  ...PORT_OPTION,
  config: { value: 'FILE', help: 'the configuration', default: 'bindery.json' },
  json: { help: 'print all findings as one line of JSON' },
} as const;

export const doctor = command({
  name: 'doctor',
  usage: 'bindery doctor [--stage NAME] [options]',
  about:
    'Checks a local instance or a deployment: configuration, addresses, secrets, clock, queues, alarms, limits of the account, and whether bindery.json is what is deployed. It only reads.',
  options: OPTIONS,
  notes:
    'The exit code is 1 if a finding is an error. A check that your AWS credentials may not do is a warning. Values of secrets are read and never printed.',
  run: async ({ values }, terminal) => {
    const found = await findings(values, terminal, Date.now);
    const hasError = found.some(({ level }) => level === 'error');
    for (const line of values.json ? [JSON.stringify({ ok: !hasError, findings: found })] : linesOf(found))
      terminal.print(line);
    return hasError ? 1 : 0;
  },
});

type Place = Values<typeof OPTIONS>;

async function findings(values: Place, terminal: Terminal, now: () => number): Promise<Checked[]> {
  const read = readConfiguration(values.config);
  if ('problems' in read) {
    const todo = 'correct it: docs/configuration.md. The other checks need it';
    return read.problems.map((problem) => ({
      check: 'configuration',
      ...error(problem, 'no deployment accepts it', todo),
    }));
  }
  const own = { check: 'configuration', ...ok(`${values.config} has no faults`) };
  const { configuration, stages } = read;
  const { stage, profile, region } = values;
  if (stage === undefined) {
    const instance = localInstance(values, terminal, ', or give --stage');
    return [own, ...(await runChecks(checksOfInstance(instance, configuration, now)))];
  }
  const chosen = stageIn(stages, stage);
  if ('problem' in chosen)
    return [{ check: 'configuration', ...error(chosen.problem, 'stages', 'give another --stage') }];
  terminal.warn(`Bindery-${stage}: reading AWS`);
  // The SDK's clients take half a second to load.
  const [{ factsOf }, { checksOf }] = await Promise.all([import('./aws.ts'), import('./deployed.ts')]);
  const facts = factsOf({ ...(profile && { profile }), ...(region && { region }) }, now);
  const checks = await checksOf({ configuration, options: chosen.options, stage, facts, now });
  const checked = await runChecks(checks);
  // The answers to all of these have dates.
  return [own, ...checked, ...(await runChecks([{ name: 'clock', run: async () => judgeClock(facts.clock) }]))];
}

const MARKS = { ok: 'ok', warning: 'WARNING', error: 'ERROR' } as const;
const WIDTH = 110;

/** A line for each finding, and below it why it matters and what to do. */
function linesOf(found: readonly Checked[]): string[] {
  const checkWidth = Math.max(...found.map(({ check }) => check.length));
  const count = (level: Checked['level']) => found.filter((one) => one.level === level).length;
  return [
    ...found.flatMap(({ level, check, what, why, todo }) => {
      const head = `  ${MARKS[level].padEnd(7)}  ${check.padEnd(checkWidth)}  `;
      const below = [...(why ? [why] : []), ...(todo ? [`→ ${todo}`] : [])];
      const lines = [what, ...below].flatMap((text) => wrapped(printable(text), WIDTH));
      return lines.map((line, i) => (i === 0 ? head : ' '.repeat(head.length)) + line);
    }),
    `${count('ok')} ok, ${countOf(count('warning'), 'warning')}, ${countOf(count('error'), 'error')}`,
  ];
}
