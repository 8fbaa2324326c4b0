import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { startFauxqs } from 'fauxqs';
import { LOOPBACK } from './listening.ts';
import { REGION } from './region.ts';

export type SqsServer = {
  readonly url: string;
  /** Receipt handles of a queue's messages that somebody has received and not deleted. */
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

/** Where Fastify, which fauxqs is made with, hands out each new server (Fastify reference, Diagnostics Channel Hooks). */
const NEW_SERVER = 'fastify.initialization';

/** fauxqs listens on all interfaces and takes no address, but its messages say who is signed in on which phone. */
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
  const { listen } = fastify;
  fastify.listen = (options) => listen.call(fastify, { ...options, host: LOOPBACK });
}

type NewServer = { readonly fastify: { listen: (options: object) => unknown } };

const isNewServer = (message: unknown): message is NewServer =>
  has(message, 'fastify') && has(message.fastify, 'listen') && typeof message.fastify.listen === 'function';

const has = <K extends string>(value: unknown, key: K): value is Record<K, unknown> =>
  typeof value === 'object' && value !== null && key in value;
