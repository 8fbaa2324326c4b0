import type { Configuration } from '../functions/core/configuration.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { deleteInstance, type Instance, writeInstance } from '../local/description.ts';
import type { MirrorSecrets } from '../local/environment.ts';
import { SETTLE_S, startMirrored } from '../local/hosted/mirrored-instance.ts';
import { FAULTS, type Fault } from '../local/hosted/tasks.ts';
import { PARENT } from '../local/hosted/upstream.ts';
import { type Local, startLocal } from '../local/instance.ts';
import { reasonOf, UserError } from '../local/user-error.ts';
import { command, type Options, type Terminal } from './command.ts';
import { columns } from './table.ts';

export const MIRROR_OPTIONS = {
  mirror: {
    help: 'also run a hosted API in the TPNS dialect, which applies calls some seconds later, and mirror the first app with the policy one-per-type to it',
  },
  'mirror-faults': {
    value: 'LIST',
    help: `faults that strike a fifth of the calls to the hosted API: any of ${FAULTS.join(',')}. Default: none`,
  },
  'mirror-secret': {
    value: 'APP=SECRET',
    repeats: true,
    help: 'secret of the hosted API of an app whose configuration has a mirror; may be repeated. Such an app is mirrored for real. Default: none, and the mirror waits',
  },
} as const satisfies Options;

/** Reads --mirror-secret: the secrets by app. Warns of each mirror that has none. */
export function mirrorSecretsIn(
  given: readonly string[],
  { apps }: Configuration,
  { warn }: Pick<Terminal, 'warn'>,
): MirrorSecrets {
  const mirrored = apps.filter(({ mirror }) => mirror !== undefined).map(({ id }) => `${id}`);
  const pairs = given.map((text) => {
    const [, app = '', secret = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (mirrored.includes(app)) return [app, secret] as const;
    throw new UserError('--mirror-secret takes APP=SECRET, where APP is an app of the configuration that has a mirror');
  });
  const secrets: MirrorSecrets = Object.fromEntries(pairs);
  for (const id of mirrored)
    if (secrets[id] === undefined)
      warn(`the mirror of app "${id}" waits for the secret of its hosted API: --mirror-secret ${id}=SECRET`);
  return secrets;
}

/** Reads --mirror-faults. */
export function faultsIn(text: string | undefined, isMirrored: boolean): readonly Fault[] {
  if (text === undefined) return [];
  if (!isMirrored) throw new UserError('--mirror-faults needs --mirror');
  const named = text.split(',');
  const faults = FAULTS.filter((fault) => named.includes(fault));
  if (faults.length === named.length) return faults;
  throw new UserError(`--mirror-faults ${text}: faults are ${FAULTS.join(', ')}`);
}

export const start = command({
  name: 'start',
  usage: 'npm start -- [options]',
  about: 'Runs Bindery on this machine: the deployed functions over embedded SQS, DynamoDB and Secrets Manager.',
  options: {
    port: { value: 'N', default: '8787', help: 'port to listen on; 0 means any free port' },
    data: {
      value: 'DIR',
      help: 'keep queues, bindings and development secrets in this folder. Default: in memory',
    },
    config: { value: 'FILE', default: 'bindery.json', help: 'the configuration' },
    ...MIRROR_OPTIONS,
    json: { help: 'print the description of the instance as one line of JSON' },
  },
  run: async ({ values }, terminal) => {
    const configuration = configurationIn(values.config);
    const faults = faultsIn(values['mirror-faults'], values.mirror === true);
    const mirrorSecrets = mirrorSecretsIn(values['mirror-secret'] ?? [], configuration, terminal);
    const options = { configuration, port: portIn(values.port), data: values.data, mirrorSecrets };
    const { stop, ...instance } = values.mirror
      ? await startMirrored({ ...options, faults })
      : await startLocal(options);
    stopWithStarter(stop, terminal.folder);
    describe(instance, terminal);
    terminal.print(values.json ? JSON.stringify(instance) : welcome(instance));
    return 0;
  },
});

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

/** Writes the description for the other commands. An instance without one is still of use. */
function describe(instance: Instance, { folder, warn }: Terminal): void {
  try {
    writeInstance(instance, folder);
  } catch (error) {
    warn(`.bindery/local.json cannot be written (${reasonOf(error)}): npm run send and query need --url`);
  }
}

/** Longer than a stop takes when all goes well (ms). An instance that is cut off loses nothing. */
const DEADLINE_MS = 1_700;

/**
 * Time between two checks whether the process that started this one still runs (ms): npm, or the instance whose hosted
 * API this is. A process that is killed outright cannot pass a signal on.
 */
const CHECK_MS = 200;

function stopWithStarter(stop: Local['stop'], folder: string): void {
  const end = () => {
    clearInterval(checking);
    setTimeout(() => process.exit(0), DEADLINE_MS);
    // dynalite throws from its callbacks when a request reaches a table that is closing.
    process.on('uncaughtException', () => {});
    deleteInstance(folder);
    stop().finally(() => process.exit(0));
  };
  // The starter passes its own id, so that it counts as gone even if it ended before this line.
  const named = process.env[PARENT];
  const parent = named === undefined ? process.ppid : Number(named);
  const hasStarter = named !== undefined || process.env['npm_lifecycle_event'] === 'start';
  const isOrphan = () => hasStarter && process.ppid !== parent;
  const checking = setInterval(() => isOrphan() && end(), CHECK_MS).unref();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

/** The text for a person when an instance is ready: addresses, secrets, and commands to try. */
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
  ].join('\n');
}

const mirrorLines = (mirrored: string, { url, app }: NonNullable<Instance['mirror']>): string[] => [
  `The app ${mirrored} is mirrored to a hosted API, which applies calls some seconds later:`,
  '',
  ...columns([
    ['URL', 'app', 'dialect', 'secret key'],
    [url, app.id, app.dialect, app.secretKey],
  ]),
  '',
  `A difference is found and repaired after ${SETTLE_S} s.`,
  '',
];
