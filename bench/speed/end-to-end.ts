import { Pool } from 'undici';
import * as z from 'zod';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { VARIANTS, type Variant } from '../baseline/hooks.ts';
import { type Child, startChild } from '../child.ts';
import type { Group } from '../group.ts';
import { EVENTS_PATH, signed } from '../installation.ts';
import { type Effort, median, quantile } from '../measure.ts';
import { atLeast, atMost, type Goal, type Row, row } from '../report.ts';
import { loginBody } from '../sample-events.ts';

/** Requests under way at a time, by the events that each has, and the least factor by which ours is faster. */
const LOADS = [
  { size: 1, atOnce: 8, faster: 1.8 },
  { size: 100, atOnce: 2, faster: 3 },
] as const;
type Load = (typeof LOADS)[number];

/** The servers of `npm start`, in turns with the same on the SDK. */
export const endToEnd: Group = async ({ effort }) => {
  const apps = { ours: await startApp('ours'), sdk: await startApp('sdk') };
  const rows: Row[] = [];
  for (const load of LOADS) rows.push(...(await loadRows(apps, load, effort)));
  await Promise.all(VARIANTS.map((variant) => apps[variant].stop()));
  return { rows: [...rows, await memoryRow(effort)] };
};

type App = { readonly child: Child; readonly secret: string; readonly pool: Pool; readonly stop: () => Promise<void> };
const Urls = z.object({ url: z.string(), secret: z.string() });

async function startApp(variant: Variant): Promise<App> {
  const child = await startChild('speed/local-process.ts', [variant]);
  const { url, secret } = Urls.parse(child.ready);
  const pool = new Pool(url, { connections: 8 });
  const stop = async () => {
    await pool.close();
    await child.stop();
  };
  return { child, secret, pool, stop };
}

type Run = {
  /** The time of each request until its answer (ms). */
  readonly tookMs: readonly number[];
  readonly perS: number;
  /** Processor time of the servers an event (µs). */
  readonly cpuUs: number;
};

/** The phones of the events: each event is of another one, or they are of few in turns. */
let next = 0;

async function run(
  { child, secret, pool }: App,
  { size, atOnce }: Load,
  requests: number,
  phones?: number,
): Promise<Run> {
  const inTurn = takingTurns(atOnce);
  const cpu = async () => z.number().parse(await child.ask('cpu'));
  const one = async () => {
    const body = loginBody(size, phones === undefined ? next : next % phones);
    next += size;
    const headers = { 'content-type': 'application/json', ...(await signed(body, `msg_${next}`, secret)) };
    const start = performance.now();
    const answer = await pool.request({ method: 'POST', path: EVENTS_PATH, headers, body });
    await answer.body.dump();
    // 202: durable only, because the request's second was over.
    if (answer.statusCode > 202) throw new Error(`the events door answered ${answer.statusCode}`);
    return performance.now() - start;
  };
  const [before, start] = [await cpu(), performance.now()];
  const tookMs = await Promise.all(Array.from({ length: requests }, () => inTurn(one)));
  const events = requests * size;
  const perS = (events * 1000) / (performance.now() - start);
  return { tookMs, perS, cpuUs: ((await cpu()) - before) / events };
}

async function loadRows(apps: Readonly<Record<Variant, App>>, load: Load, effort: Effort): Promise<Row[]> {
  const runs: Record<Variant, Run[]> = { ours: [], sdk: [] };
  const requests = Math.max(load.atOnce, Math.round(effort.sliceMs * (load.size === 1 ? 6 : 0.3)));
  for (let round = -1; round < Math.min(effort.rounds, 5); round++)
    for (const variant of VARIANTS) {
      const measured = await run(apps[variant], load, requests);
      if (round >= 0) runs[variant].push(measured); // the first round warms up
    }
  const figures = (name: string, unit: string, of: (run: Run) => number, goal?: Goal) => {
    const [ours, reference] = [median(runs.ours.map(of)), median(runs.sdk.map(of))];
    const label = `npm start, ${load.size} a request, ${load.atOnce} at once`;
    return row({ name: `${label}${name} / on the SDK`, unit, ours, reference }, goal);
  };
  return [
    figures('', 'events/s', ({ perS }) => perS, atLeast(load.faster)),
    figures('', 'µs CPU/event', ({ cpuUs }) => cpuUs),
    figures(': p50', 'ms', ({ tookMs }) => quantile(tookMs, 0.5)),
    figures(': p99', 'ms', ({ tookMs }) => quantile(tookMs, 0.99)),
  ];
}

/** Phones of the memory's row. */
const PHONES = 500;

/** The memory of `npm start` after many events, relative to that after the first of them, all on the same phones. */
async function memoryRow({ rounds }: Effort): Promise<Row> {
  const app = await startApp('ours');
  const [first, more] = rounds > 1 ? [2_000, 6_000] : [16, 16];
  const after = async (events: number) => {
    await run(app, LOADS[0], events, PHONES);
    return z.number().parse(await app.child.ask('memory')) / 1e6;
  };
  const [reference, ours] = [await after(first), await after(more)];
  await app.stop();
  const name = `npm start, memory after ${first + more} / after ${first} events on ${PHONES} phones`;
  return row({ name, unit: 'MB', ours, reference }, atMost(1.2));
}
