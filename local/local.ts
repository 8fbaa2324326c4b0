import { SQSClient } from '@aws-sdk/client-sqs';
import type { Configuration } from '../functions/core/configuration.ts';
import { SWEEP_EVERY_MINUTES } from '../infra/settings.ts';
import { type DataFolder, takeDataFolder } from './data-folder.ts';
import { developmentSecrets, type MirrorSecrets, type Secrets, versionsOf } from './development-secrets.ts';
import { type Doors, loadDoors } from './doors.ts';
import { startDynamodb } from './dynamodb-server.ts';
import { pointAwsAt, setVariables } from './environment.ts';
import { startEventSource } from './event-source.ts';
import { feedsOf } from './feeds.ts';
import { startHttpFront } from './http-front.ts';
import type { Instance } from './instance.ts';
import { invoke } from './invocation.ts';
import { createQueues, createTable } from './resources.ts';
import { startSecrets } from './secrets-server.ts';
import { startSqs } from './sqs-server.ts';

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

let started = false;

/**
 * Starts the deployed functions on this machine, over the wire protocols of the services they use. Once in a process:
 * the functions read their environment when they are loaded. Rejects with `UserError` where the user can do something.
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  if (started) throw new Error('a process can run one local instance: its functions have read their environment');
  started = true;
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
