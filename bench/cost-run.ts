import { MEMORY_MB } from '../infra/settings.ts';
import { type Cloud, logLine, startCloud } from './cost-cloud.ts';
import type { Deployment } from './cost-deployment.ts';
import { APART, mixOf } from './cost-mix.ts';
import { naive } from './cost-naive.ts';
import { ours, SECRETS } from './cost-ours.ts';
import { dollarsPerMillion, perThousand, type Setting, sum, type Units } from './cost-units.ts';
import { PRICES } from './prices.ts';

/** What a design consumes for a thousand events, and what that costs for a million. */
export type Costed = { readonly name: string; readonly thousand: Units; readonly dollars: Units };

/** `size` events a request. Counted on `events`, after a warm-up. */
type Load = { readonly size: number; readonly events: number };

export const LOADS = {
  single: { size: 1, events: 400 },
  batch: { size: 100, events: 2000 },
} as const satisfies Record<string, Load>;

export type Costs = {
  readonly naive: Costed;
  readonly ours: readonly Costed[];
  /** Units for a thousand single events where the queue delivers at once. */
  readonly withoutDelay: Units;
};

const ARM = { memoryMb: MEMORY_MB.events, gbSecond: PRICES.armGbSecond.dollars };
const HTTP_API: Setting = { ...ARM, apiRequest: PRICES.httpApi.dollars };
const FUNCTION_URL: Setting = { ...ARM, apiRequest: PRICES.functionUrl.dollars };
const REST_API: Setting = { memoryMb: 512, gbSecond: PRICES.x86GbSecond.dollars, apiRequest: PRICES.restApi.dollars };

/** Runs both designs on the embedded services and counts. */
export async function costs(): Promise<Costs> {
  const cloud = await startCloud(SECRETS);
  try {
    const thousand = await countedOn(cloud, await naive(cloud), 'naive', LOADS.single);
    const deployed = await ours(cloud);
    const found: Costed[] = [];
    for (const [name, load] of Object.entries(LOADS))
      found.push(...fronts(name, await countedOn(cloud, deployed, name, load)));
    await cloud.deliverAtOnce();
    return {
      naive: { name: 'naive', thousand, dollars: dollarsPerMillion(thousand, REST_API) },
      ours: found,
      withoutDelay: await countedOn(cloud, deployed.withoutDelay, 'at-once', LOADS.single),
    };
  } finally {
    await cloud.stop();
  }
}

/** Ours behind an HTTP API, which logs each request, and behind a function URL. */
const fronts = (name: string, behindUrl: Units): Costed[] => {
  const logged = (logLine(ACCESS_LINE).logBytes ?? 0) * behindUrl.apiRequests;
  const behindApi = sum(behindUrl, { logBytes: logged });
  return [
    { name: `${name}, HTTP API`, thousand: behindApi, dollars: dollarsPerMillion(behindApi, HTTP_API) },
    { name: `${name}, function URL`, thousand: behindUrl, dollars: dollarsPerMillion(behindUrl, FUNCTION_URL) },
  ];
};

/** What the HTTP API logs of a request (infra/http-api.ts). */
const ACCESS_LINE = JSON.stringify({
  id: 'JKJaXmPLvHcESHA=',
  time: '1795300000000',
  method: 'POST',
  route: 'ANY /events/{source}',
  status: '200',
  bytes: '132',
  duration_ms: '31',
  function_ms: '28',
  error: '-',
});

/** What a thousand events of a load consume, counted after a warm-up. `name` keeps loads apart. */
export async function countedOn(cloud: Cloud, deployment: Deployment, name: string, load: Load): Promise<Units> {
  const warmUp = Math.max(APART, 3 * load.size);
  const events = mixOf(warmUp + load.events, name, new Date(Date.now() - 60_000));
  const run = async (from: number, to: number) => {
    for (let at = from; at < to; at += load.size) await deployment.send(events.slice(at, Math.min(at + load.size, to)));
    await deployment.settle();
  };
  await run(0, warmUp);
  await cloud.taken();
  await run(warmUp, events.length);
  return perThousand(await cloud.taken(), load.events);
}
