import * as z from 'zod';
import { startChild, textFrom } from '../child.ts';
import type { Bench } from '../group.ts';
import { type Server, startPostgres, startRedis } from './servers.ts';

/** An app that takes signed events over HTTP, and the processes that it needs. */
export type App = {
  readonly name: string;
  readonly url: string;
  /** Waits until so much is applied since the app started. Returns that amount and the processor times (µs). */
  readonly progress: (done: number) => Promise<Progress>;
  /** The amount that the app counts for a request with so many events: one message, or each event. */
  readonly countOf: (events: number) => number;
  readonly stop: () => Promise<void>;
};

/** `service`: the app's own process. `beside`: the poller in front of our worker, or the store of a peer. */
type Progress = { readonly done: number; readonly service: number; readonly beside: number };

const Cpu = z.object({ user: z.number(), system: z.number() });
const Done = Cpu.extend({ done: z.number() });
const Urls = z.object({ url: z.string(), worker: z.string(), queue: z.string() });

const us = ({ user, system }: z.infer<typeof Cpu>) => user + system;

/** Starts our doors and our worker, with the stub as queue and table. */
export async function startOurs({ stub }: Bench): Promise<App> {
  const functions = await startChild('peer/ours-process.ts', [stub.url]);
  const { url, worker, queue } = Urls.parse(functions.ready);
  const poller = await startChild('peer/poller-process.ts', [stub.url, queue, worker]);
  return {
    name: 'ours',
    url,
    countOf: () => 1,
    progress: async (until) => {
      const { done, ...cpu } = Done.parse(await functions.ask(until));
      return { done, service: us(cpu), beside: us(Cpu.parse(await poller.ask('cpu'))) };
    },
    stop: async () => {
      await poller.stop();
      await functions.stop();
    },
  };
}

/** The stores of the peers: the argument of the peer's process, and the start of the server. */
const STORES = { PostgreSQL: ['postgres', startPostgres], Redis: ['redis', startRedis] } as const;
export type Store = keyof typeof STORES;
export const STORE_NAMES = Object.keys(STORES) as Store[]; // a record's keys

/** Starts a peer. Returns undefined if its store is not installed. */
export async function startPeer(store: Store): Promise<App | undefined> {
  const [kind, start] = STORES[store];
  const server = await start();
  return server && startPeerOn(server, store, kind);
}

async function startPeerOn(server: Server, name: Store, kind: string): Promise<App> {
  const child = await startChild('peer/peer-process.ts', [kind, server.where]);
  return {
    name,
    url: textFrom(child.ready),
    countOf: (events) => events,
    progress: async (until) => {
      const { done, ...cpu } = Done.parse(await child.ask(until));
      return { done, service: us(cpu), beside: server.cpuUs() };
    },
    stop: async () => {
      await child.stop();
      await server.stop();
    },
  };
}
