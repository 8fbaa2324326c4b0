import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { awsClient } from '../../functions/aws/client.ts';
import type { Table } from '../../functions/aws/dynamodb.ts';
import { DOORS, type HttpDoor, TIMEOUT_S } from '../../infra/settings.ts';
import { startDynamodb, startSecrets, startSqs, type Versions } from '../../local/aws/servers.ts';
import { eventOf, remainingIn } from '../../local/lambda/event-source.ts';
import { startHttpFront } from '../../local/lambda/http.ts';
import type { HttpFunction } from '../../local/lambda/invoke.ts';
import { at } from '../aws/local-client.ts';
import { type Bundles, bundlesOfSource } from './bundles.ts';
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
 * Deploys a synthesized stack on the embedded services: its queues, tables and secrets, and each function as a bundle in
 * its own process with the environment of the template. A recorder keeps the calls of the functions. Resources are named
 * by the path of their construct, functions by their door. `rewrite` changes values of environments, URLs for example.
 * `given`: bundles to run. Default: those of the source as it is now.
 */
export async function deployed(stack: Synthesized, rewrite = (value: string) => value, given?: Bundles) {
  const bundles = given ?? (await bundlesOfSource());
  const stops: (() => unknown)[] = [bundles.remove];
  const { names, recorder, secrets } = await startServices(stack, stops);
  const sqs = new SQSClient({ ...CLIENT, endpoint: recorder.url });
  const client = awsClient('dynamodb', { ...at(recorder.url), credentials: () => ({ id: 'test', secret: 'test' }) });
  const table: Table = { client, name: names.at('Registry') };
  const functions = await startFunctions(rewritten(names.functions(), rewrite), bundles, recorder.url, stops);
  const invoke = (door: string, event: unknown) => existing(functions.get(door)).invoke(event);
  const behind = (door: HttpDoor) => (functions.has(door) ? { [door]: behindHttp(door, invoke) } : {});
  const fixed = { events: behindHttp('events', invoke), 'account-api': behindHttp('account-api', invoke) };
  const front = await startHttpFront({ ...fixed, ...behind('devices'), ...behind('resolve') }, 0);
  stops.push(() => sqs.destroy(), front.stop);
  return {
    /** Base URL of the stand-in for the HTTP API. */
    url: front.url,
    sqs,
    table,
    recorder,
    bundles,
    queueUrl: names.at,
    /** Returns the value of an output of the stack. */
    output: (name: string): string =>
      name === 'Url' ? front.url : names.valueIn(existing(stack.template.findOutputs(name)[name])['Value']),
    secret: (path: string): string => existing(secrets.get(names.at(path))).AWSCURRENT,
    invoke,
    /** Returns everything that a function has written to stdout and stderr until now, line by line. */
    lines: (door: string): Promise<string[]> => existing(functions.get(door)).lines(),
    /** Delivers the messages of a function's queues in batches and deletes those that are done. Returns how many stay. */
    deliver: async (door: string): Promise<number> => {
      let staying = 0;
      for (const path of sourcesOf(stack, door)) {
        const queue = { url: names.at(path), arn: names.queueArn(path) };
        staying += await deliver(sqs, queue, (event) => invoke(door, event));
      }
      return staying;
    },
    /** Returns the actions that a function has called, by the path of the resource. */
    called: (door: string): Record<string, string[]> => {
      const calls = recorder.calls.filter(({ caller }) => caller === door);
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

/** Starts the embedded services with the recorder before them, and creates the stack's resources there. */
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
  bundles: Bundles,
  endpoint: string,
  stops: (() => unknown)[],
): Promise<ReadonlyMap<string, FunctionProcess>> {
  const started = DOORS.filter((door) => environments.has(door)).map(async (door) => {
    const launch = { name: door, timeoutS: TIMEOUT_S[door], endpoint, variables: environments.get(door) ?? {} };
    const running = await startFunction(bundles.file(door), launch);
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

function existing<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('bug: the stack has no resource, output or function of this name');
  return value;
}
