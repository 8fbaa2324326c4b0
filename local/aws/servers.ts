import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type RequestListener, Server, type ServerResponse } from 'node:http';
import { json as jsonOf } from 'node:stream/consumers';
import dynalite from 'dynalite';
import { startFauxqs } from 'fauxqs';
import * as z from 'zod';
import { close, guard, LOOPBACK, listen } from '../listening.ts';
import { withStatements } from './statements.ts';

export type Running = { readonly url: string; readonly stop: () => Promise<void> };

/** DynamoDB over its real protocol. With a folder, its tables outlive the process, even one that is killed. */
export async function startDynamodb(folder?: string): Promise<Running> {
  const server = dynalite({ createTableMs: 0, ...(folder !== undefined && { path: folder }) });
  // The only listener is dynalite's own.
  const [embedded] = server.listeners('request') as RequestListener[];
  if (embedded === undefined) throw new Error('bug: the embedded DynamoDB listens to no requests');
  server.removeAllListeners('request').on('request', withStatements(embedded));
  // With an origin, dynalite would let every web page read its answers.
  server.prependListener('request', ({ headers }) => void delete headers.origin);
  // dynalite throws when a client hangs up early, as the SDK does at a timeout. That would end this process.
  server.on('request', (request) => {
    request.removeAllListeners('error');
    request.on('error', () => {});
  });
  return { url: await listen(server), stop: () => close(server) };
}

export type SqsServer = {
  readonly url: string;
  /** Receipt handles of the messages of a queue that are received and not deleted. */
  readonly inFlight: (queue: string) => string[];
  readonly stop: () => Promise<void>;
};

/** SQS over its real protocol. With a folder, its queues and messages outlive the process, even one that is killed. */
export async function startSqs(folder?: string): Promise<SqsServer> {
  const server = await onLoopback(() =>
    startFauxqs({ port: 0, logger: false, defaultRegion: REGION, ...(folder !== undefined && { dataDir: folder }) }),
  );
  const stop = () => server.stop();
  if (new URL(server.address).hostname !== LOOPBACK) {
    await stop();
    throw new Error(`the embedded SQS listens on ${server.address}, which other machines may reach`);
  }
  const inFlight = (queue: string) =>
    server.inspectQueue(queue)?.messages.inflight.map(({ receiptHandle }) => receiptHandle) ?? [];
  return { url: server.address, inFlight, stop };
}

/** The channel on which Fastify, which fauxqs uses, publishes each new server (Fastify, Diagnostics Channel Hooks). */
const NEW_SERVER = 'fastify.initialization';

/** fauxqs listens on all interfaces and takes no address. Its messages are personal data, so it must not. */
function onLoopback<T>(start: () => T): T {
  subscribe(NEW_SERVER, holdToLoopback);
  try {
    return start();
  } finally {
    unsubscribe(NEW_SERVER, holdToLoopback);
  }
}

function holdToLoopback(message: unknown): void {
  if (!isNewServer(message)) return;
  const { fastify } = message;
  const { listen, server } = fastify;
  fastify.listen = (options) => {
    guard(server);
    return listen.call(fastify, { ...options, host: LOOPBACK });
  };
}

type NewServer = { readonly fastify: { listen: (options: object) => unknown; readonly server: Server } };

const isNewServer = (message: unknown): message is NewServer =>
  has(message, 'fastify') &&
  has(message.fastify, 'listen') &&
  typeof message.fastify.listen === 'function' &&
  has(message.fastify, 'server') &&
  message.fastify.server instanceof Server;

const has = <K extends string>(value: unknown, key: K): value is Record<K, unknown> =>
  typeof value === 'object' && value !== null && key in value;

/** The versions of a secret by staging label. */
export type Versions = { readonly AWSCURRENT: string; readonly AWSPREVIOUS?: string };

const Request = z.object({ SecretId: z.string(), VersionStage: z.string().default('AWSCURRENT') });

/** Secrets Manager (JSON 1.1 protocol), but only its call `GetSecretValue`. */
export async function startSecrets(secrets: ReadonlyMap<string, Versions>): Promise<Running> {
  const server = createServer((request, response) => {
    answer(secrets, request)
      .catch((): Answer => ({ status: 400, body: { __type: 'SerializationException' } }))
      .then((reply) => send(response, reply));
  });
  return { url: await listen(server), stop: () => close(server) };
}

type Answer = { readonly status: number; readonly body: object };

async function answer(secrets: ReadonlyMap<string, Versions>, request: IncomingMessage): Promise<Answer> {
  if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
    return { status: 400, body: { __type: 'UnknownOperationException' } };
  const { SecretId, VersionStage } = Request.parse(await jsonOf(request));
  const versions = secrets.get(SecretId);
  if (versions === undefined) return notFound("Secrets Manager can't find the specified secret.");
  const text = new Map(Object.entries(versions)).get(VersionStage);
  if (text === undefined)
    return notFound(`Secrets Manager can't find the specified secret value for staging label: ${VersionStage}`);
  return { status: 200, body: secretOf(SecretId, VersionStage, text) };
}

const secretOf = (Name: string, stage: string, SecretString: string) => ({
  ARN: `arn:aws:secretsmanager:${REGION}:000000000000:secret:${Name}`,
  Name,
  SecretString,
  VersionId: stage.padEnd(32, '0'),
  VersionStages: [stage],
  CreatedDate: 0,
});

const notFound = (Message: string): Answer => ({ status: 400, body: { __type: 'ResourceNotFoundException', Message } });

const send = (response: ServerResponse, { status, body }: Answer): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
};

/** The Region of the embedded servers. */
export const REGION = 'us-east-1';
