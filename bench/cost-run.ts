import { EVENT_SOURCE, MEMORY_MB } from '../infra/settings.ts';
import { type Cloud, logLine, startCloud } from './cost-cloud.ts';
import type { Deployment } from './cost-deployment.ts';
import { APART, mixOf } from './cost-mix.ts';
import { naive } from './cost-naive.ts';
import { ours, SECRETS } from './cost-ours.ts';
import { dollarsPerMillion, perThousand, type Setting, sum, type Units } from './cost-units.ts';
import { PRICES } from './prices.ts';

/** What a design consumes for a thousand events, and what that costs for a million. */
export type Costed = { readonly name: string; readonly thousand: Units; readonly dollars: Units };

/** `size` events a request, `pace` requests a second. Counted on `events`, after a warm-up. */
type Load = { readonly size: number; readonly pace: number; readonly events: number };

export const LOADS = {
  quiet: { size: 1, pace: 1, events: 1000 },
  busy: { size: 1, pace: 100, events: 1000 },
  batch: { size: 100, pace: 1, events: 4000 },
} as const satisfies Record<string, Load>;

const ARM = { memoryMb: MEMORY_MB.events, gbSecond: PRICES.armGbSecond.dollars };
const HTTP_API: Setting = { ...ARM, apiRequest: PRICES.httpApi.dollars };
const FUNCTION_URL: Setting = { ...ARM, apiRequest: PRICES.functionUrl.dollars };
const REST_API: Setting = { memoryMb: 512, gbSecond: PRICES.x86GbSecond.dollars, apiRequest: PRICES.restApi.dollars };

/** Runs both designs on the embedded services and counts. */
export async function costs(): Promise<Costed[]> {
  const cloud = await startCloud(SECRETS);
  try {
    const naiveUnits = await counted(cloud, await naive(cloud), 'naive', LOADS.quiet);
    const deployed = await ours(cloud);
    const found = [{ name: 'naive', thousand: naiveUnits, dollars: dollarsPerMillion(naiveUnits, REST_API) }];
    for (const [name, load] of Object.entries(LOADS))
      found.push(...fronts(name, await counted(cloud, deployed, name, load)));
    return found;
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

async function counted(cloud: Cloud, deployment: Deployment, name: string, load: Load): Promise<Units> {
  const warmUp = Math.max(APART, 400);
  const events = mixOf(warmUp + load.events, name, new Date(Date.now() - 60_000));
  const inOneWindow = Math.max(1, load.pace * windowS());
  const run = async (from: number, to: number) => {
    for (let at = from; at < to; at += load.size)
      await deployment.send(events.slice(at, Math.min(at + load.size, to)), inOneWindow);
    await deployment.settle();
  };
  await run(0, warmUp);
  await cloud.taken();
  await run(warmUp, events.length);
  return perThousand(await cloud.taken(), load.events);
}

/** How long the event source gathers (s). */
const windowS = (): number => ('windowS' in EVENT_SOURCE ? Number(EVENT_SOURCE.windowS) : 0);
