import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../functions/core/bindery-json.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { newConsole } from '../local/console/console.ts';
import { deleteInstance, type Instance, ownFolder, writeInstance } from '../local/description.ts';
import type { MirrorSecrets } from '../local/environment.ts';
import { SETTLE_S, startMirrored } from '../local/hosted/mirrored-instance.ts';
import { FAULTS, type Fault } from '../local/hosted/tasks.ts';
import { PARENT } from '../local/hosted/upstream.ts';
import { type Local, startLocal } from '../local/instance.ts';
import { reasonOf, UserError } from '../local/user-error.ts';
import { command, type Options, type Terminal } from './command.ts';
import { writeEnvFile } from './env-file.ts';
import { secretIn } from './secret.ts';
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
    help: 'secret of the hosted API of an app whose configuration has a mirror; may be repeated; APP=@FILE reads it from a file. Such an app is mirrored for real. Default: none, and the mirror waits',
  },
} as const satisfies Options;

/** Reads ID=SECRET or ID=@FILE: the secrets by app. `usage`: of the option, for an id that is none of `ids`. */
function secretsById(
  given: readonly string[],
  ids: readonly string[],
  usage: string,
): Readonly<Record<string, string>> {
  const pairs = given.map((text) => {
    const [, id = '', secret = ''] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (ids.includes(id)) return [id, secretIn(secret)] as const;
    throw new UserError(usage);
  });
  return Object.fromEntries(pairs);
}

const appSecretsIn = (given: readonly string[], { apps }: Configuration) =>
  secretsById(
    given,
    apps.map(({ id }) => `${id}`),
    '--app-secret takes ID=SECRET, where ID is an app of the configuration',
  );

/** Reads --mirror-secret: the secrets by app. Warns of each mirror that has none. */
export function mirrorSecretsIn(
  given: readonly string[],
  { apps }: Configuration,
  { warn }: Pick<Terminal, 'warn'>,
): MirrorSecrets {
  const mirrored = apps.filter(({ mirror }) => mirror !== undefined).map(({ id }) => `${id}`);
  const usage = '--mirror-secret takes APP=SECRET, where APP is an app of the configuration that has a mirror';
  const secrets = secretsById(given, mirrored, usage);
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
  usage: 'bindery start [options]',
  about: 'Runs Bindery on this machine: the deployed functions over embedded SQS, DynamoDB and Secrets Manager.',
  options: {
    port: { value: 'N', default: '8787', help: 'port to listen on; 0 means any free port' },
    data: {
      value: 'DIR',
      help: 'keep queues, bindings and development secrets in this folder. Default: in memory, and the secrets in .bindery',
    },
    fresh: { help: 'make new development secrets. Default: those of the last start' },
    env: { help: 'write the address and the development secrets into .env; its other lines stay' },
    'env-path': { value: 'FILE', help: 'the same, into this file. Default: none' },
    config: { value: 'FILE', default: 'bindery.json', help: 'the configuration' },
    'app-secret': {
      value: 'ID=SECRET',
      repeats: true,
      help: 'secret of an app, so that its clients keep theirs; may be repeated; ID=@FILE reads it from a file. Default: a development secret',
    },
    ...MIRROR_OPTIONS,
    json: { help: 'print the description of the instance as one line of JSON' },
  },
  examples: [
    'bindery start',
    'bindery start --env --data .bindery/data   # keeps its bindings, and writes address and secrets into .env',
    'bindery start --mirror --mirror-faults late,5xx   # with a hosted API, to try a mirror',
  ],
  run: async ({ values }, terminal) => {
    const configuration = configurationIn(values.config);
    const faults = faultsIn(values['mirror-faults'], values.mirror === true);
    const mirrorSecrets = mirrorSecretsIn(values['mirror-secret'] ?? [], configuration, terminal);
    const appSecrets = appSecretsIn(values['app-secret'] ?? [], configuration);
    const secretsIn = writableFolder(terminal);
    const { data, fresh: isFresh } = values;
    const page = newConsole();
    const from = { configuration, port: portIn(values.port), data, secretsIn, isFresh, appSecrets, mirrorSecrets };
    const options = { ...from, page: page.front };
    const { stop, ...instance } = values.mirror
      ? await startMirrored({ ...options, faults })
      : await startLocal(options);
    stopWithStarter(instance, stop, terminal.folder);
    if (secretsIn !== undefined) writeInstance(instance, terminal.folder);
    const file = values['env-path'] ?? (values.env ? join(terminal.folder, '.env') : undefined);
    if (file !== undefined) describe(instance, file, terminal);
    const [{ operatorOf }, { placeAt }] = await Promise.all([import('./console/operator.ts'), import('./place.ts')]);
    page.open(instance, operatorOf({ place: placeAt(instance), apps: instance.apps, folder: terminal.folder }));
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

/** Makes `.bindery`, the folder of descriptions and development secrets. Without it an instance is still of use. */
function writableFolder({ folder, warn }: Terminal): string | undefined {
  try {
    const own = ownFolder(folder);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    accessSync(own, constants.W_OK);
    return own;
  } catch (error) {
    warn(
      `.bindery cannot be written (${reasonOf(error)}): secrets last until the end, send and query need --url and --secret`,
    );
    return undefined;
  }
}

/** Writes the `.env` file. An instance without it is still of use. */
function describe(instance: Instance, file: string, { warn }: Terminal): void {
  try {
    for (const name of writeEnvFile(instance, file)) warn(`${file} sets ${name} itself: that line was left as it is`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    warn(error.message);
  }
}

/** Longer than a stop takes when all goes well (ms). An instance that is cut off loses nothing. */
const DEADLINE_MS = 1_700;

/**
 * Time between two checks whether the process that started this one still runs (ms): npm, or the instance whose hosted
 * API this is. A process that is killed outright cannot pass a signal on.
 */
const CHECK_MS = 200;

function stopWithStarter(instance: Instance, stop: Local['stop'], folder: string): void {
  const end = () => {
    clearInterval(checking);
    setTimeout(() => process.exit(0), DEADLINE_MS);
    // dynalite throws from its callbacks when a request reaches a table that is closing.
    process.on('uncaughtException', () => {});
    deleteInstance(instance, folder);
    stop().finally(() => process.exit(0));
  };
  // The starter passes its own id, so that it counts as gone even if it ended before this line.
  const named = process.env[PARENT];
  const parent = named === undefined ? process.ppid : Number(named);
  const hasStarter = named !== undefined || process.env['npm_lifecycle_event'] === 'start';
  const isOrphan = () => hasStarter && process.ppid !== parent;
  const checking = setInterval(() => isOrphan() && end(), CHECK_MS).unref();
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, end);
}

/** The text for a person when an instance is ready: addresses, secrets, and commands to try. */
export function welcome({ url, apps, sources, readers, sqs, dynamodb, mirror }: Instance): string {
  const mirrored = mirror && apps.find((one) => one.mirrored)?.id;
  const app = mirrored ?? apps[0]?.id;
  return [
    `${url}`,
    'Bindery answers there. Open it in a browser: phones and people, events, make it leak.',
    '',
    ...columns([
      ['app', 'dialect', 'policy', 'platform', 'secret key'],
      ...apps.map(({ id, dialect, policy, platform, secretKey }) => [id, dialect, policy, platform, secretKey]),
    ]),
    '',
    ...columns([['source', 'secret'], ...sources.map(({ id, secret }) => [id, secret])]),
    '',
    ...columns([['reader', 'secret'], ...readers.map(({ id, secret }) => [id, secret])]),
    '',
    ...columns([
      ['SQS', sqs],
      ['DynamoDB', dynamodb],
    ]),
    '',
    ...(mirror && mirrored ? mirrorLines(mirrored, mirror) : []),
    'In another terminal:',
    '',
    `  npx bindery send login --app ${app} --token phone-1 --account alice`,
    '  npx bindery query --account alice',
    ...(mirror ? ['  npx bindery query --hosted --account alice'] : []),
    `  npx bindery send logout --app ${app} --token phone-1`,
    `  npx bindery token --account alice   # the bearer of a phone's sign-in`,
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
