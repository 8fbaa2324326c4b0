import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { build } from 'esbuild';
import * as z from 'zod';
import type { Table } from '../../functions/aws/dynamodb.ts';
import { BUNDLE } from '../../infra/bundling.ts';
import { type HttpDoor, TIMEOUT_S } from '../../infra/settings.ts';
import { startDynamodb, startSecrets, startSqs, type Versions } from '../../local/aws/servers.ts';
import { eventOf, remainingIn } from '../../local/lambda/event-source.ts';
import { startHttpFront } from '../../local/lambda/http.ts';
import type { HttpFunction } from '../../local/lambda/invoke.ts';
import { embedded, REGION, sourcesOf } from './embedded-stack.ts';
import { type FunctionProcess, startFunction } from './function-process.ts';
import { type Recorder, startRecorder } from './recorder.ts';
import type { Synthesized } from './synthesis.ts';

const HttpResult = z.object({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string(),
});

const CLIENT = { region: REGION, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/**
 * A synthesized stack come to life on the embedded services: its queues, tables and secrets, and each of its functions
 * as a bundle in a process of its own with the environment that the template gives it. What a function calls is noted.
 * Resources are called by the path of their construct, functions by their door. `rewrite` may change what stands in an
 * environment, where that leads out of here.
 */
export async function deployed(stack: Synthesized, rewrite = (value: string): string => value) {
  const stops: (() => unknown)[] = [];
  const { names, recorder, secrets } = await startServices(stack, stops);
  const sqs = new SQSClient({ ...CLIENT, endpoint: recorder.url });
  const dynamodb = new DynamoDBClient({ ...CLIENT, endpoint: recorder.url });
  const table: Table = { client: dynamodb, name: names.at('Registry') };
  const functions = await startFunctions(rewritten(names.functions(), rewrite), recorder.url, stops);
  const invoke = (door: string, event: unknown) => known(functions.get(door)).invoke(event);
  const front = await startHttpFront(
    { events: behindHttp('events', invoke), 'account-api': behindHttp('account-api', invoke) },
    0,
  );
  stops.push(
    () => sqs.destroy(),
    () => dynamodb.destroy(),
    front.stop,
  );
  return {
    /** Base URL of the stand-in for the HTTP API. */
    url: front.url,
    sqs,
    /** The registry's table. */
    table,
    recorder,
    queueUrl: names.at,
    /** What the stack's output of that name says. */
    output: (name: string): string =>
      name === 'Url' ? front.url : names.valueIn(known(stack.template.findOutputs(name)[name])['Value']),
    secret: (path: string): string => known(secrets.get(names.at(path))).AWSCURRENT,
    invoke,
    /** What a function has written to either output until now, line by line. */
    lines: (door: string): Promise<string[]> => known(functions.get(door)).lines(),
    /** Hands a function what its queues hold, batch by batch, and deletes what is done. Answers how many messages stay. */
    deliver: async (door: string): Promise<number> => {
      let staying = 0;
      for (const path of sourcesOf(stack, door)) {
        const queue = { url: names.at(path), arn: names.queueArn(path) };
        staying += await deliver(sqs, queue, (event) => invoke(door, event));
      }
      return staying;
    },
    /** The actions that a function has called, by the path of the resource. */
    called: (door: string): Record<string, string[]> => {
      const calls = recorder.calls.filter(({ who }) => who === door);
      const byPath = Map.groupBy(calls, ({ resource }) => names.pathOf(resource));
      return Object.fromEntries(
        [...byPath].map(([path, made]) => [path, [...new Set(made.map(({ action }) => action))].sort()]),
      );
    },
    stop: async () => {
      for (const stop of stops.reverse()) await stop();
    },
  };
}

export type Deployment = Awaited<ReturnType<typeof deployed>>;

/** Starts what stands in for AWS, makes the stack's resources there, and puts the recorder before it. */
async function startServices(stack: Synthesized, stops: (() => unknown)[]) {
  const [sqs, dynamodb] = [await startSqs(), await startDynamodb()];
  const vault = new Map<string, Versions>();
  const secretsManager = await startSecrets(vault);
  const urls = { AmazonSQS: sqs.url, DynamoDB_20120810: dynamodb.url, secretsmanager: secretsManager.url };
  const recorder: Recorder = await startRecorder(urls);
  for (const service of [sqs, dynamodb, secretsManager, recorder]) stops.push(service.stop);
  const names = embedded(stack, recorder.url);
  for (const [arn, versions] of names.secrets()) vault.set(arn, versions);
  const clients = [
    new SQSClient({ ...CLIENT, endpoint: sqs.url }),
    new DynamoDBClient({ ...CLIENT, endpoint: dynamodb.url }),
  ] as const;
  await Promise.all([names.createQueues(clients[0]), names.createTables(clients[1])]);
  for (const client of clients) client.destroy();
  return { names, recorder, secrets: vault };
}

async function startFunctions(
  environments: Environments,
  endpoint: string,
  stops: (() => unknown)[],
): Promise<ReadonlyMap<string, FunctionProcess>> {
  // Where no package.json says what kind of module a file is, as in a deployed function.
  const folder = mkdtempSync(join(tmpdir(), 'bindery-deployment-'));
  stops.push(() => rmSync(folder, { recursive: true }));
  const started = [...environments].map(async ([door, variables]) => {
    const file = await bundle(door, join(folder, door));
    const timeoutS = new Map(Object.entries(TIMEOUT_S)).get(door) ?? 0;
    const running = await startFunction(file, { name: door, timeoutS, endpoint, variables });
    stops.push(running.stop);
    return [door, running] as const;
  });
  return new Map(await Promise.all(started));
}

type Environments = ReadonlyMap<string, Readonly<Record<string, string>>>;

const rewritten = (environments: Environments, rewrite: (value: string) => string): Environments =>
  new Map(
    [...environments].map(([door, variables]) => [
      door,
      Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, rewrite(value)])),
    ]),
  );

async function bundle(door: string, folder: string): Promise<string> {
  const outfile = join(folder, 'index.js');
  await build({ ...BUNDLE, entryPoints: [`functions/${door}.ts`], outfile });
  return outfile;
}

type Invoke = (door: string, event: unknown) => Promise<unknown>;

const behindHttp = (door: HttpDoor, invoke: Invoke): HttpFunction => ({
  name: door,
  timeoutS: TIMEOUT_S[door],
  memoryMb: 512,
  handler: async (event) => HttpResult.parse(await invoke(door, event)),
});

async function deliver(
  sqs: SQSClient,
  { url: QueueUrl, arn }: { url: string; arn: string },
  invoke: (event: unknown) => Promise<unknown>,
): Promise<number> {
  const attributes = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...attributes });
  const { Messages = [] } = await sqs.send(receive);
  if (Messages.length === 0) return 0;
  const event = eventOf(Messages, arn);
  const ids = event.Records.map(({ messageId }) => messageId);
  const remaining = remainingIn(await invoke(event), ids);
  for (const { messageId, receiptHandle: ReceiptHandle } of event.Records)
    if (!remaining.includes(messageId)) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return remaining.length + (await deliver(sqs, { url: QueueUrl, arn }, invoke));
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the stack has nothing of that name');
  return value;
}
