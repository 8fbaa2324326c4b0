import { Console } from 'node:console';
import type { Configuration } from '../functions/core/configuration.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { forgetInstance, type Instance, noteInstance } from '../local/description.ts';
import {
  faultsIn,
  MIRROR_HELP,
  MIRROR_OPTIONS,
  mirrorSecretsIn,
  SETTLE_S,
  startMirrored,
} from '../local/hosted/mirrored.ts';
import { PARENT } from '../local/hosted/process.ts';
import { type Local, startLocal } from '../local/instance.ts';
import { reasonOf, UserError } from '../local/user-error.ts';
import { argumentsOf, runCommand } from './command.ts';
import { columns } from './table.ts';

const HELP = `npm start -- [options]

Runs Bindery on this machine: the deployed functions over embedded SQS, DynamoDB and Secrets Manager.

  --port N       where to listen; 0 is any free port (8787)
  --data DIR     keeps queues, bindings and development secrets in this folder
  --config FILE  the configuration (bindery.json)
${MIRROR_HELP}
  --json         says what there is in one line of JSON, for programs
  --help         this text`;

const OPTIONS = {
  port: { type: 'string', default: '8787' },
  data: { type: 'string' },
  config: { type: 'string', default: 'bindery.json' },
  ...MIRROR_OPTIONS,
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function configurationIn(file: string): Configuration {
  const read = readConfiguration(file);
  if ('problems' in read) throw new UserError(...read.problems);
  return read.configuration;
}

function portIn(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError(`--port ${text}: a port is a number from 0 to 65535`);
}

/** The command-line tools can be told where the instance is; not being able to say it is no reason to end. */
function note(instance: Instance): void {
  try {
    noteInstance(instance);
  } catch (error) {
    console.warn(`.bindery/local.json cannot be written (${reasonOf(error)}): npm run send and query need --url`);
  }
}

/** The functions log objects, which Lambda writes as one line of JSON each. */
const ONE_LINE = { breakLength: Number.POSITIVE_INFINITY, compact: true };

/** Longer than a stop takes when all goes well (ms). Nothing is lost by ending without one. */
const DEADLINE_MS = 1_700;

/**
 * How often to look whether whoever started this is still there (ms): npm, or the instance whose hosted side this is.
 * Killed outright they can't pass a signal on.
 */
const LOOK_MS = 200;

function stopWithWhoeverStartedIt(stop: Local['stop']): void {
  const end = () => {
    clearInterval(looking);
    setTimeout(() => process.exit(0), DEADLINE_MS);
    // dynalite throws from its callbacks where a request still comes to a table that is closing.
    process.on('uncaughtException', () => {});
    forgetInstance();
    stop().finally(() => process.exit(0));
  };
  // Named by whoever it is, it counts as gone also where it was gone before this line.
  const named = process.env[PARENT];
  const parent = named === undefined ? process.ppid : Number(named);
  const isStarted = named !== undefined || process.env['npm_lifecycle_event'] === 'start';
  const isOrphan = () => isStarted && process.ppid !== parent;
  const looking = setInterval(() => isOrphan() && end(), LOOK_MS).unref();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

await runCommand(async () => {
  const { values } = argumentsOf({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  // Standard output is for who started this; what the functions log goes to standard error.
  globalThis.console = new Console({ stdout: process.stderr, inspectOptions: ONE_LINE });
  const configuration = configurationIn(values.config);
  const faults = faultsIn(values['mirror-faults'], values.mirror);
  const mirrorSecrets = mirrorSecretsIn(values['mirror-secret'] ?? [], configuration);
  const options = { configuration, port: portIn(values.port), data: values.data, mirrorSecrets };
  const { stop, ...instance } = values.mirror ? await startMirrored({ ...options, faults }) : await startLocal(options);
  stopWithWhoeverStartedIt(stop);
  note(instance);
  process.stdout.write(values.json ? `${JSON.stringify(instance)}\n` : welcome(instance));
});

/** What a person reads when an instance is ready: where it is, who may talk to it, and what to try. */
export function welcome({ url, apps, sources, sqs, dynamodb, mirror }: Instance): string {
  const mirrored = mirror && apps.find((one) => one.mirrored)?.id;
  const app = mirrored ?? apps[0]?.id;
  return [
    `Bindery answers at ${url}`,
    '',
    ...columns([
      ['app', 'dialect', 'policy', 'platform', 'secret key'],
      ...apps.map(({ id, dialect, policy, platform, secretKey }) => [id, dialect, policy, platform, secretKey]),
    ]),
    '',
    ...columns([['source', 'secret'], ...sources.map(({ id, secret }) => [id, secret])]),
    '',
    ...columns([
      ['SQS', sqs],
      ['DynamoDB', dynamodb],
    ]),
    '',
    ...(mirror && mirrored ? mirrorLines(mirrored, mirror) : []),
    'In another terminal:',
    '',
    `  npm run send -- login --app ${app} --token phone-1 --account alice`,
    '  npm run query -- --account alice',
    ...(mirror ? ['  npm run query -- --hosted --account alice'] : []),
    `  npm run send -- logout --app ${app} --token phone-1`,
    '',
    'Ctrl-C stops it.',
    '',
  ].join('\n');
}

function mirrorLines(mirrored: string, { url, app }: NonNullable<Instance['mirror']>): string[] {
  return [
    `The app ${mirrored} is mirrored to a hosted side, which does what it is asked some seconds later:`,
    '',
    ...columns([
      ['URL', 'app', 'dialect', 'secret key'],
      [url, app.id, app.dialect, app.secretKey],
    ]),
    '',
    `A difference is seen and mended after ${SETTLE_S} s.`,
    '',
  ];
}
