import { SETTLE_S } from '../../local/hosted/mirrored-instance.ts';
import { UserError } from '../../local/user-error.ts';
import { command } from '../command.ts';
import { localInstance, PORT_OPTION } from '../target.ts';
import { measure, type Trial } from './measure.ts';

/** Calls to the hosted API for one event. With more, coalescing does not work. */
const MOST_CALLS = 1.3;

export const trial = command({
  name: 'trial',
  usage: 'bindery trial [options]',
  about: `Tests a mirror: sends signed events of all kinds to the instance that \`npx bindery start --mirror\` runs in this directory, with the faults that it was started with. Then ends the faults, and waits until both query APIs agree on every token. Exit code 1: they do not, or the mirror makes ${MOST_CALLS} calls or more for one event.`,
  options: {
    events: { value: 'N', default: '5000', help: 'number of events' },
    seconds: { value: 'N', default: '120', help: 'duration of sending' },
    tokens: { value: 'N', default: '400', help: 'number of tokens' },
    down: {
      help: 'keep the hosted API down while sending, send every event also to an app without a mirror, and compare answers and latency',
    },
    ...PORT_OPTION,
    json: { help: 'print the result as one line of JSON' },
  },
  examples: ['bindery trial --events 500 --seconds 20', 'bindery trial --down --json'],
  run: async ({ values }, terminal) => {
    const instance = localInstance(values, terminal, ' -- --mirror');
    const result = await measure(instance, {
      events: numberIn('events', values.events),
      seconds: numberIn('seconds', values.seconds),
      tokens: numberIn('tokens', values.tokens),
      isDown: values.down === true,
      settleS: SETTLE_S,
      waitS: 600,
    });
    const failures = failuresOf(result);
    const verdict = failures.length === 0 ? 'passed' : `failed: ${failures.join('; ')}`;
    terminal.print(values.json ? JSON.stringify(result) : [...linesOf(result), '', verdict].join('\n'));
    return failures.length === 0 ? 0 : 1;
  },
});

/** Returns the expectations that a result does not meet. Latency and exposure have none: both depend on the faults. */
const failuresOf = ({ tokens, different, callsPerEvent, statuses: { alike, pairs } }: Trial): string[] =>
  [
    different > 0 && `the two APIs differ on ${different} of ${tokens} tokens`,
    callsPerEvent >= MOST_CALLS && `${callsPerEvent.toFixed(2)} calls for one event, and ${MOST_CALLS} are too many`,
    alike < pairs && `${pairs - alike} of ${pairs} events were answered differently by the app without a mirror`,
  ].filter((one) => one !== false);

function numberIn(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0) return number;
  throw new UserError(`--${name} ${text}: must be a whole number above 0`);
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
    `calls       ${calls.operate} to change, ${calls.query} to ask: ${callsPerEvent.toFixed(2)} for one event (good: below ${MOST_CALLS})`,
    `exposure    ${seconds(exposure.meanMs)} for one event on average, ${seconds(exposure.longestMs)} the longest (± 0.5 s): so long the hosted API still had what an event ended`,
  ];
}
