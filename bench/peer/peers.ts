import { Pool } from 'undici';
import * as z from 'zod';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { type Child, startChild, textOf } from '../child.ts';
import type { Bench, Group } from '../group.ts';
import { median } from '../measure.ts';
import { atMost, type Goal, type Row, row, versionOf } from '../report.ts';
import { loginBody } from '../sample-events.ts';
import { SOURCE_KEY, signed } from '../speed/deployed.ts';
import { startRedis } from './redis.ts';
import { VARIANTS } from './variants.ts';

/** Requests under way at a time, of each size: what one process gets done within the second a request may wait. */
const AT_ONCE: Readonly<Record<number, number>> = { 1: 8, 100: 2 };

/**
 * Ours against the usual stack, each as one process that does the same from the signed POST to the binding: verify,
 * validate, enqueue, translate, bind. Queue, table and upstream are processes of their own and not counted.
 */
export const peers: Group = async (bench) => {
  const redis = await startRedis();
  if (redis === undefined)
    return {
      rows: [],
      notes: ['without the peer (Fastify + BullMQ + Redis): there is no redis-server on this machine'],
    };
  const apps = await startApps(bench, redis.socket);
  const rows: Row[] = [];
  for (const size of [1, 100]) rows.push(...rowsOf(size, await rounds(bench, apps, size)));
  for (const { child } of Object.values(apps)) await child.stop();
  await redis.stop();
  const versions = ['fastify', 'bullmq', 'ioredis', 'undici'].map((name) => `${name} ${versionOf(name)}`).join(', ');
  return { rows, notes: [`the peer: ${versions}`] };
};

type App = {
  readonly child: Child;
  readonly url: string;
  /** What the app counts as done, of a request: the one message, or each event. */
  readonly doneOf: (events: number) => number;
};

type Apps = Readonly<Record<string, App>>;

async function startApps({ stub }: Bench, socket: string): Promise<Apps> {
  const upstream = await startChild('peer/upstream-process.ts');
  const apps: Record<string, App> = {};
  const start = async (name: string, file: string, args: string[], doneOf: App['doneOf']) => {
    const child = await startChild(file, args);
    apps[name] = { child, url: textOf(child.said), doneOf };
  };
  await start(TABLE, 'peer/ours-process.ts', [stub.url], () => 1);
  await start(MEMORY, 'peer/ours-process.ts', [stub.url, 'memory'], () => 1);
  for (const name of Object.keys(VARIANTS))
    await start(name, 'peer/peer-process.ts', [name, textOf(upstream.said), socket], (events) => events);
  return { ...apps, upstream: { child: upstream, url: '', doneOf: () => 0 } };
}

const TABLE = 'ours';
const MEMORY = 'ours, registry in memory';

type Speed = { readonly cpuUs: number; readonly perS: number };

/** Rounds that warm up. */
const WARM_UP = 2;

/**
 * Every app's speed with requests of this size, in turns. Each gets as many requests a round as it does in the same
 * time: the same number would leave the fast ones cold.
 */
async function rounds({ effort }: Bench, apps: Apps, size: number): Promise<Map<string, Speed>> {
  const first = Math.max(2, Math.round(effort.sliceMs * (size === 1 ? 6 : 0.21)));
  const measured = new Map<string, Speed[]>();
  for (let round = -WARM_UP; round < Math.min(effort.rounds, 5); round++)
    for (const [name, app] of Object.entries(apps)) {
      if (app.url === '') continue;
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

/** How much longer than elsewhere a round is: messages wait out the queue's second first. */
const SLICES = 24;

const Progress = z.object({ user: z.number(), system: z.number(), done: z.number() });

async function speedOf({ child, url, doneOf }: App, requests: number, size: number): Promise<Speed> {
  const pool = new Pool(url, { connections: AT_ONCE[size] ?? 1 });
  const bodies = Array.from({ length: requests }, () => nextBody(size));
  const once = async (done: number) => Progress.parse(await child.ask(done));
  const [before, start, inTurn] = [await once(0), performance.now(), takingTurns(AT_ONCE[size] ?? 1)];
  const answers = await Promise.all(bodies.map(({ body, headers }) => inTurn(() => post(pool, body, headers))));
  const answered = performance.now();
  const now = await once(before.done + requests * doneOf(size));
  // 200 says that a request is in effect; 202 that it will be.
  const end = answers.every((status) => status === 200) ? answered : performance.now();
  const seconds = (end - start) / 1000;
  await pool.close();
  const cpuUs = now.user + now.system - before.user - before.system;
  return { cpuUs: cpuUs / (requests * size), perS: (requests * size) / seconds };
}

let sent = 0;

/** Signed ahead: what the sender does is not measured. */
function nextBody(size: number): { body: string; headers: Record<string, string> } {
  const body = loginBody(size, sent);
  sent += size;
  return { body, headers: { 'content-type': 'application/json', ...signed(body, SOURCE_KEY, `msg_${sent}`) } };
}

async function post(pool: Pool, body: string, headers: Record<string, string>): Promise<number> {
  const answer = await pool.request({ method: 'POST', path: '/events/app', headers, body });
  await answer.body.dump();
  if (answer.statusCode > 202) throw new Error(`a request was answered ${answer.statusCode}`);
  return answer.statusCode;
}

/** What is asked: at 100 events at most the CPU of the smart peer, at one at most that of the default one. */
const GOALS: Readonly<Record<number, Readonly<Record<string, Goal>>>> = {
  1: { default: atMost(1) },
  100: { smart: atMost(1) },
};

function rowsOf(size: number, speeds: Map<string, Speed>): Row[] {
  const rows: Row[] = [];
  for (const [who, ours] of speeds) {
    if (who !== TABLE && who !== MEMORY) continue;
    for (const name of Object.keys(VARIANTS)) {
      const peer = speeds.get(name);
      if (peer === undefined) continue;
      const about = `${who} / peer ${name}, ${size} a request`;
      const goal = who === TABLE ? GOALS[size]?.[name] : undefined;
      rows.push(row({ name: about, unit: 'µs CPU/event', ours: ours.cpuUs, reference: peer.cpuUs }, goal));
      rows.push(row({ name: about, unit: 'events/s', ours: ours.perS, reference: peer.perS }));
    }
  }
  return rows;
}
