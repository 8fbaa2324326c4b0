import { notedInstance } from '../../local/description.ts';
import { SETTLE_S } from '../../local/hosted/mirrored.ts';
import { UserError } from '../../local/user-error.ts';
import { argumentsOf, runCommand } from '../command.ts';
import { type Trial, trial } from './whole.ts';

const HELP = `npm run trial -- [options]

Puts a mirror to the test: sends signed events of all kinds to the instance that \`npm start -- --mirror\` runs in this
directory, with the faults that it was started with; then ends the faults, and waits until both query APIs agree on every
token.

  --events N     how many (5000)
  --seconds N    over so many seconds (120)
  --tokens N     on so many tokens (400)
  --down         the hosted side is down for the whole run: sends every event to an app without a mirror too, and compares
                 what was answered and how soon
  --json         the result as one line of JSON, for programs
  --help         this text`;

const OPTIONS = {
  events: { type: 'string', default: '5000' },
  seconds: { type: 'string', default: '120' },
  tokens: { type: 'string', default: '400' },
  down: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Calls to the hosted side for one event, above which coalescing does not do its work. */
const MOST_CALLS = 1.3;

function numberIn(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0) return number;
  throw new UserError(`--${name} ${text}: is a number from 1`);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function linesOf({
  statuses,
  different,
  tokens,
  convergedMs,
  calls,
  callsPerEvent,
  exposure,
  latency,
}: Trial): string[] {
  const { mirrored, unmirrored } = latency;
  return [
    `answers     ${Object.entries(statuses.mirrored)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', ')}`,
    ...(unmirrored === undefined
      ? []
      : [
          `no mirror   ${Object.entries(statuses.unmirrored)
            .map(([status, count]) => `${count} × ${status}`)
            .join(', ')}`,
          `alike       ${statuses.alike} of ${statuses.pairs} events were answered alike by both apps`,
        ]),
    `latency     p50 ${mirrored.p50.toFixed(1)} ms, p99 ${mirrored.p99.toFixed(1)} ms`,
    ...(unmirrored === undefined
      ? []
      : [
          `no mirror   p50 ${unmirrored.p50.toFixed(1)} ms, p99 ${unmirrored.p99.toFixed(1)} ms`,
          `ratio       p50 ${(mirrored.p50 / unmirrored.p50).toFixed(2)}, p99 ${(mirrored.p99 / unmirrored.p99).toFixed(2)}`,
        ]),
    `agreement   ${tokens - different} of ${tokens} tokens, ${seconds(convergedMs)} after the faults ended`,
    `calls       ${calls.operate} to change, ${calls.query} to ask: ${callsPerEvent.toFixed(2)} for one event`,
    `exposure    ${seconds(exposure.meanMs)} for one event on average, ${seconds(exposure.longestMs)} the longest (± 0.5 s)`,
  ];
}

await runCommand(async () => {
  const { values } = argumentsOf({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const instance = notedInstance();
  if (instance === undefined) throw new UserError('no instance runs in this directory: `npm start -- --mirror`');
  const result = await trial(instance, {
    events: numberIn('events', values.events),
    seconds: numberIn('seconds', values.seconds),
    tokens: numberIn('tokens', values.tokens),
    isDown: values.down,
    settleS: SETTLE_S,
    waitS: 600,
  });
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${linesOf(result).join('\n')}\n`);
  const hasFailed =
    result.different > 0 || result.callsPerEvent >= MOST_CALLS || result.statuses.alike < result.statuses.pairs;
  process.exitCode = hasFailed ? 1 : 0;
});
