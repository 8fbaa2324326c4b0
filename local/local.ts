import { SQSClient } from '@aws-sdk/client-sqs';
import type { Configuration } from '../functions/core/configuration.ts';
import { type DataFolder, takeDataFolder } from './data-folder.ts';
import { developmentSecrets, type Secrets, versionsOf } from './development-secrets.ts';
import { loadDoors } from './doors.ts';
import { startDynamodb } from './dynamodb-server.ts';
import { pointAwsAt, setVariables } from './environment.ts';
import { startEventSource } from './event-source.ts';
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
async function start({ configuration, port, data }: LocalOptions, stops: (() => unknown)[]): Promise<Instance> {
  const folder = data === undefined ? undefined : takeDataFolder(data);
  if (folder) stops.push(folder.release);
  const secrets = developmentSecrets(configuration, folder?.path);
  const { sqs, dynamodb } = await startServices(secrets, folder, stops);
  const client = new SQSClient();
  stops.push(() => client.destroy());
  const [queues] = await Promise.all([createQueues(client, sqs), createTable()]);
  setVariables(configuration, queues, secrets);
  const { http, apply } = await loadDoors();
  const front = await startHttpFront(http, port);
  const feed = startEventSource({ client, queue: queues.operations, invoke: (event) => invoke(apply, event) });
  stops.push(() => Promise.all([front.stop(), feed.stop()]));
  return { url: front.url, ...described(configuration, secrets), sqs: sqs.url, dynamodb: dynamodb.url };
}

/** Starts what stands in for the AWS services, and points this process at them. */
async function startServices(secrets: Secrets, folder: DataFolder | undefined, stops: (() => unknown)[]) {
  const sqs = await startSqs(folder?.queues);
  stops.push(sqs.stop);
  const dynamodb = await startDynamodb(folder?.table);
  stops.push(dynamodb.stop);
  const vault = await startSecrets(versionsOf(secrets));
  stops.push(vault.stop);
  pointAwsAt({ sqs: sqs.url, dynamodb: dynamodb.url, secrets: vault.url });
  return { sqs, dynamodb };
}

const described = ({ apps, sources }: Configuration, secrets: Secrets): Pick<Instance, 'apps' | 'sources'> => ({
  apps: apps.map(({ id, dialect, policy, platform }) => {
    return { id, dialect, policy, platform, secretKey: secrets.apps[id] ?? '' };
  }),
  sources: sources.map(({ id }) => ({ id, secret: secrets.sources[id] ?? '' })),
});
