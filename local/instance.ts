import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Configuration } from '../functions/core/configuration.ts';
import { SWEEP_EVERY_MINUTES } from '../infra/settings.ts';
import { createQueues, createTable } from './aws/resources.ts';
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
import { feedsOf, startEventSource } from './lambda/event-source.ts';
import { startHttpFront } from './lambda/http.ts';
import { type Doors, invoke, loadDoors } from './lambda/invoke.ts';
import { reasonOf, UserError } from './user-error.ts';

export type LocalOptions = {
  readonly configuration: Configuration;
  /** 0 is any free one. */
  readonly port: number;
  /** Keeps queues, bindings and secrets; without it they are gone when the process ends. */
  readonly data?: string | undefined;
  /** Of the hosted sides of mirrored apps, by app. A mirror without one waits. */
  readonly mirrorSecrets?: MirrorSecrets | undefined;
};

export type Local = Instance & { readonly stop: () => Promise<void> };

let isLoaded = false;

/**
 * Starts the deployed functions on this machine, over the wire protocols of the services they use. Once in a process:
 * the functions read their environment when they are loaded. Rejects with `UserError` where the user can do something.
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

/** Starts one thing after the other and notes how each is stopped. */
async function start(options: LocalOptions, stops: (() => unknown)[]): Promise<Instance> {
  const { configuration, port, data } = options;
  const folder = data === undefined ? undefined : takeDataFolder(data);
  if (folder) stops.push(folder.release);
  const secrets = developmentSecrets(configuration, folder?.path);
  const { sqs, dynamodb } = await startServices(versionsOf(secrets, options.mirrorSecrets ?? {}), folder, stops);
  const client = new SQSClient();
  stops.push(() => client.destroy());
  const [queues] = await Promise.all([createQueues(client, sqs, configuration.apps), createTable()]);
  setVariables(configuration, queues, secrets);
  isLoaded = true;
  const doors = await loadDoors(queues.mirrors.size > 0);
  const front = await startHttpFront(doors.http, port);
  const feeds = feedsOf(client, configuration.apps, queues, doors).map(startEventSource);
  stops.push(() => Promise.all([front.stop(), ...feeds.map((feed) => feed.stop())]));
  const hourly = setInterval(() => sweep(doors), SWEEP_EVERY_MINUTES * 60_000).unref();
  stops.push(() => clearInterval(hourly));
  return { url: front.url, ...described(configuration, secrets), sqs: sqs.url, dynamodb: dynamodb.url };
}

/** As the clock does. What goes wrong stands in the log, and the next hour makes up for it. */
const sweep = (doors: Doors): Promise<unknown> =>
  invoke(doors.sweep, {}).catch((error: unknown) => console.error(error));

/** Starts what stands in for the AWS services, and points this process at them. */
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

const described = ({ apps, sources }: Configuration, secrets: Secrets): Pick<Instance, 'apps' | 'sources'> => ({
  apps: apps.map(({ id, dialect, policy, platform, mirror }) => {
    const secretKey = secrets.apps[id] ?? '';
    return { id, dialect, policy, platform, secretKey, ...(mirror && { mirrored: true as const }) };
  }),
  sources: sources.map(({ id }) => ({ id, secret: secrets.sources[id] ?? '' })),
});

type DataFolder = {
  readonly path: string;
  readonly queues: string;
  readonly table: string;
  /** Lets another instance use the folder. */
  readonly release: () => void;
};

/** Makes the folder and takes it for this process alone, or says in one line why that is not possible. */
function takeDataFolder(folder: string): DataFolder {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lock = takeLock(join(path, 'lock'));
    return { path, queues: join(path, 'queues'), table: join(path, 'table'), release: () => lock.close() };
  } catch (error) {
    if (isBusy(error)) throw new UserError(`${path} is in use by another running instance`);
    throw new UserError(`data cannot be kept in ${path}: ${reasonOf(error)}`);
  }
}

/** How long to wait for an instance that is just ending (ms). */
const GIVE_UP_MS = 1_500;

/** SQLite's lock is the operating system's: it goes with the process, however that ends. Two writers would ruin the data. */
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
