import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Configuration } from '../functions/core/bindery-json.ts';
import { SWEEP_EVERY_MINUTES } from '../infra/settings.ts';
import { createQueues, createTables } from './aws/resources.ts';
import { startDynamodb, startSecrets, startSqs } from './aws/servers.ts';
import type { Instance } from './description.ts';
import {
  developmentSecrets,
  type MirrorSecrets,
  pointAwsAt,
  type Secrets,
  setVariables,
  versionsOf,
} from './environment.ts';
import { DEVELOPMENT, withIdentity, withReader } from './identity.ts';
import { feedsOf, startEventSource } from './lambda/event-source.ts';
import { type FrontPage, startHttpFront } from './lambda/http.ts';
import { type Doors, invoke, loadDoors } from './lambda/invoke.ts';
import { providersFor, withEveryKind } from './providers/providers.ts';
import { reasonOf, UserError } from './user-error.ts';

export type LocalOptions = {
  readonly configuration: Configuration;
  /** 0 means any free port. */
  readonly port: number;
  /** Folder for queues, bindings and secrets. Default: in memory. */
  readonly data?: string | undefined;
  /** Folder of the development secrets if there is no `data`. Default: new secrets at each start. */
  readonly secretsIn?: string | undefined;
  /** Replaces the development secrets that are in the folder. Default: false. */
  readonly isFresh?: boolean | undefined;
  /** Secrets of apps, by id. They are not kept. Default: a development secret. */
  readonly appSecrets?: Readonly<Record<string, string>> | undefined;
  /** Secrets of the hosted APIs, by mirrored app. A mirror without its secret waits. */
  readonly mirrorSecrets?: MirrorSecrets | undefined;
  /** The page at the address of the instance. Default: none. */
  readonly page?: FrontPage | undefined;
};

export type Local = Instance & { readonly stop: () => Promise<void> };

let isLoaded = false;

/**
 * Starts the deployed functions on this machine, over the wire protocols of the services they use. A process can do so
 * once, because the functions read their environment when they are loaded. Rejects with `UserError`.
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  if (isLoaded) throw new Error('a process can run one local instance: its functions have read their environment');
  const stops: (() => unknown)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await start(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts one service after the other, and adds to `stops` how to stop each. */
async function start(options: LocalOptions, stops: (() => unknown)[]): Promise<Instance> {
  const { port, data } = options;
  const configured = withReader(options.configuration);
  const folder = data === undefined ? undefined : takeDataFolder(data);
  if (folder) stops.push(folder.release);
  const path = folder?.path ?? options.secretsIn;
  const isFresh = options.isFresh === true;
  const made = developmentSecrets(configured, path === undefined ? undefined : { path, isFresh });
  const secrets = { ...made, apps: { ...made.apps, ...options.appSecrets } };
  const configuration = withIdentity(configured, secrets.identity);
  const { sqs, dynamodb } = await startServices(versionsOf(secrets, options.mirrorSecrets ?? {}), folder, stops);
  const client = new SQSClient();
  stops.push(() => client.destroy());
  const served = withEveryKind(configuration, secrets.identity);
  const [queues] = await Promise.all([createQueues(client, sqs, served), createTables()]);
  setVariables(served, queues, secrets);
  isLoaded = true;
  const doors = await loadDoors(served);
  const front = await startHttpFront(doors.http, port, options.page);
  const feeds = feedsOf(client, configuration.apps, queues, doors).map(startEventSource);
  stops.push(() => Promise.all([front.stop(), ...feeds.map((feed) => feed.stop())]));
  const hourly = setInterval(() => sweep(doors), SWEEP_EVERY_MINUTES * 60_000).unref();
  stops.push(() => clearInterval(hourly));
  const sourceQueues = [...queues.sources].map(([source, { queue }]) => ({ source, url: queue.url }));
  return { url: front.url, ...described(configuration, secrets), sourceQueues, sqs: sqs.url, dynamodb: dynamodb.url };
}

/** Sweeps like the deployed schedule. A failure is logged, and the next hour tries again. */
const sweep = (doors: Doors): Promise<unknown> =>
  invoke(doors.sweep, {}).catch((error: unknown) => console.error(error));

/** Starts the embedded AWS services, and points this process at them. */
async function startServices(
  versions: ReturnType<typeof versionsOf>,
  folder: DataFolder | undefined,
  stops: (() => unknown)[],
) {
  const sqs = await startSqs(folder?.queues);
  stops.push(sqs.stop);
  const dynamodb = await startDynamodb(folder?.table);
  stops.push(dynamodb.stop);
  const vault = await startSecrets(versions);
  stops.push(vault.stop);
  pointAwsAt({ sqs: sqs.url, dynamodb: dynamodb.url, secrets: vault.url });
  return { sqs, dynamodb };
}

const described = ({ apps, sources, readers }: Configuration, secrets: Secrets) => ({
  apps: apps.map(({ id, dialect, policy, platform, mirror }) => {
    const secretKey = secrets.apps[id] ?? '';
    return { id, dialect, policy, platform, secretKey, ...(mirror && { mirrored: true as const }) };
  }),
  sources: sources.map(({ id }) => ({ id, secret: secrets.sources[id] ?? '' })),
  providers: providersFor(sources).map((kind) => ({ kind, secret: secrets.sources[kind] ?? '' })),
  identities: [{ ...DEVELOPMENT, privateJwk: secrets.identity }],
  readers: readers.map(({ id }) => ({ id, secret: secrets.readers[id] ?? '' })),
});

type DataFolder = {
  readonly path: string;
  readonly queues: string;
  readonly table: string;
  /** Unlocks the folder for another instance. */
  readonly release: () => void;
};

/** The names of what an instance keeps in its folder. */
const OWN = /^(queues|table|hosted|lock|secrets\.json)\b/;

/** Makes the folder for its user only, and locks it for this process. */
function takeDataFolder(folder: string): DataFolder {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const [queues, table] = [join(path, 'queues'), join(path, 'table')];
    for (const own of [queues, table]) mkdirSync(own, { recursive: true });
    // Their servers make files that all users may read. A folder with files of the user keeps its mode.
    const isOwn = readdirSync(path).every((name) => OWN.test(name));
    for (const own of [queues, table, ...(isOwn ? [path] : [])]) chmodSync(own, 0o700);
    const lock = takeLock(join(path, 'lock'));
    return { path, queues, table, release: () => lock.close() };
  } catch (error) {
    if (isBusy(error)) throw new UserError(`${path} is in use by another running instance`);
    throw new UserError(`data cannot be kept in ${path}: ${reasonOf(error)}`);
  }
}

/** The longest wait for an instance that is just ending (ms). */
const GIVE_UP_MS = 1_500;

/** Two writers would destroy the data. The operating system frees the lock of SQLite even if the process is killed. */
function takeLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(file, { timeout: GIVE_UP_MS });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** `SQLITE_BUSY`. */
const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;
