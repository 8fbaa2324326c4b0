import { Pool } from 'undici';
import * as z from 'zod';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { type Child, startChild, textFrom } from '../child.ts';
import type { Bench, Group } from '../group.ts';
import { EVENTS_PATH, signed } from '../installation.ts';
import { median } from '../measure.ts';
import { atMost, type Goal, type Row, row, versionOf } from '../report.ts';
import { loginBody } from '../sample-events.ts';
import { type Stub, startHostedApi } from '../stub/stub.ts';
import { startRedis } from './redis.ts';
import { VARIANTS } from './variants.ts';

/** Concurrent requests by their size: as many as one process finishes within the second that a request may wait. */
const AT_ONCE: Readonly<Record<number, number>> = { 1: 8, 100: 2 };

/**
 * Bindery against the usual stack. Each is one process that does the same from the signed POST to the binding: verify,
 * validate, enqueue, translate, bind. Queue, table and hosted API are processes of their own and not counted.
 */
export const peers: Group = async (bench) => {
  const redis = await startRedis();
  if (redis === undefined)
    return {
      rows: [],
      notes: ['no rows of the peer (Fastify, BullMQ and Redis): redis-server is not installed on this machine'],
    };
  const hostedApi = await startHostedApi(HOSTED_LATENCY_MS);
  const apps = await startApps(bench, hostedApi, redis.socket);
  const rows: Row[] = [];
  for (const size of [1, 100]) rows.push(...rowsOf(size, await rounds(bench, apps, size)));
  for (const { child } of Object.values(apps)) await child.stop();
  await hostedApi.stop();
  await redis.stop();
  const versions = ['fastify', 'bullmq', 'ioredis', 'undici'].map((name) => `${name} ${versionOf(name)}`).join(', ');
  return { rows, notes: [`the peer: ${versions}`] };
};

type App = {
  readonly child: Child;
  readonly url: string;
  /** The amount that the app counts for a request with so many events: one message, or each event. */
  readonly countOf: (events: number) => number;
};

type Apps = Readonly<Record<string, App>>;

/** The time that the peer's hosted API takes to answer (ms). */
const HOSTED_LATENCY_MS = 5;

async function startApps({ stub }: Bench, hostedApi: Stub, socket: string): Promise<Apps> {
  const apps: Record<string, App> = {};
  const start = async (name: string, file: string, args: string[], countOf: App['countOf']) => {
    const child = await startChild(file, args);
    apps[name] = { child, url: textFrom(child.ready), countOf };
  };
  await start(TABLE, 'peer/ours-process.ts', [stub.url], () => 1);
  await start(MEMORY, 'peer/ours-process.ts', [stub.url, 'memory'], () => 1);
  for (const name of Object.keys(VARIANTS))
    await start(name, 'peer/peer-process.ts', [name, hostedApi.url, socket], (events) => events);
  return apps;
}

const TABLE = 'ours';
const MEMORY = 'ours, registry in memory';

type Speed = { readonly cpuUs: number; readonly perS: number };

/** The first rounds, which only warm up. */
const WARM_UP = 2;

/**
 * Measures every app's speed with requests of this size, in turns. Each app gets as many requests a round as it finishes
 * in the same time: with the same number for all, the fast ones would stay cold.
 */
async function rounds({ effort }: Bench, apps: Apps, size: number): Promise<Map<string, Speed>> {
  const first = Math.max(2, Math.round(effort.sliceMs * (size === 1 ? 6 : 0.21)));
  const measured = new Map<string, Speed[]>();
  for (let round = -WARM_UP; round < Math.min(effort.rounds, 5); round++)
    for (const [name, app] of Object.entries(apps)) {
      const speeds = measured.get(name) ?? [];
      const perS = speeds.at(-1)?.perS;
      const requests = perS === undefined ? first : Math.ceil((perS * effort.sliceMs * SLICES) / 1000 / size);
      measured.set(name, [...speeds, await speedOf(app, requests, size)]);
    }
  return new Map(
    [...measured].map(([name, all]) => {
      const speeds = all.slice(WARM_UP);
      return [name, { cpuUs: median(speeds.map(({ cpuUs }) => cpuUs)), perS: median(speeds.map(({ perS }) => perS)) }];
    }),
  );
}

/** Slices in a round. Rounds are longer than in other groups because messages first wait for the queue's second. */
const SLICES = 24;

const Progress = z.object({ user: z.number(), system: z.number(), done: z.number() });

async function speedOf({ child, url, countOf }: App, requests: number, size: number): Promise<Speed> {
  const pool = new Pool(url, { connections: AT_ONCE[size] ?? 1 });
  const bodies = Array.from({ length: requests }, () => nextBody(size));
  const once = async (done: number) => Progress.parse(await child.ask(done));
  const [before, start, inTurn] = [await once(0), performance.now(), takingTurns(AT_ONCE[size] ?? 1)];
  const answers = await Promise.all(bodies.map(({ body, headers }) => inTurn(() => post(pool, body, headers))));
  const answered = performance.now();
  const now = await once(before.done + requests * countOf(size));
  // 200: the request is applied. 202: it is durable, and applied later.
  const end = answers.every((status) => status === 200) ? answered : performance.now();
  const seconds = (end - start) / 1000;
  await pool.close();
  const cpuUs = now.user + now.system - before.user - before.system;
  return { cpuUs: cpuUs / (requests * size), perS: (requests * size) / seconds };
}

let sent = 0;

/** Signs before the round starts, because the sender's work is not measured. */
function nextBody(size: number): { body: string; headers: Record<string, string> } {
  const body = loginBody(size, sent);
  sent += size;
  return { body, headers: { 'content-type': 'application/json', ...signed(body, `msg_${sent}`) } };
}

async function post(pool: Pool, body: string, headers: Record<string, string>): Promise<number> {
  const answer = await pool.request({ method: 'POST', path: EVENTS_PATH, headers, body });
  await answer.body.dump();
  if (answer.statusCode > 202) throw new Error(`an app answered ${answer.statusCode}`);
  return answer.statusCode;
}

/** At 100 events a request at most the processor time of the smart peer, at one event that of the default peer. */
const GOALS: Readonly<Record<number, Readonly<Record<string, Goal>>>> = {
  1: { default: atMost(1) },
  100: { smart: atMost(1) },
};

function rowsOf(size: number, speeds: Map<string, Speed>): Row[] {
  const rows: Row[] = [];
  for (const [app, ours] of speeds) {
    if (app !== TABLE && app !== MEMORY) continue;
    for (const name of Object.keys(VARIANTS)) {
      const peer = speeds.get(name);
      if (peer === undefined) continue;
      const label = `${app} / peer ${name}, ${size} a request`;
      const goal = app === TABLE ? GOALS[size]?.[name] : undefined;
      rows.push(row({ name: label, unit: 'µs CPU/event', ours: ours.cpuUs, reference: peer.cpuUs }, goal));
      rows.push(row({ name: label, unit: 'events/s', ours: ours.perS, reference: peer.perS }));
    }
  }
  return rows;
}
