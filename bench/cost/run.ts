import { setTimeout } from 'node:timers/promises';
import { MEMORY_MB } from '../../infra/settings.ts';
import { type Cloud, logLine, startCloud } from './cloud.ts';
import type { Deployment } from './deployment.ts';
import { APART, mixOf } from './mix.ts';
import { naive } from './naive/naive.ts';
import { ours, SECRETS } from './ours/ours.ts';
import { PRICES } from './prices.ts';
import { dollarsPerMillion, perThousand, type Setting, sum, type Units } from './units.ts';

/** What a design consumes for a thousand events, and what that costs for a million. */
export type Costed = { readonly name: string; readonly thousand: Units; readonly dollars: Units };

/** `size` events a request, so many requests a second or each after the one before. Counted on `events`, after a warm-up. */
type Load = { readonly size: number; readonly events: number; readonly perS?: number };

const SINGLE: Load = { size: 1, events: 400 };
const BATCH: Load = { size: 100, events: 2000 };

/**
 * A moderate rate of single events. The embedded queue looks every 20 ms what is not delayed any more: events have to come
 * more rarely than that, or one receive would find what SQS hands out in two.
 */
export const MODERATE_PER_S = 20;
const MODERATE: Load = { size: 1, events: 250, perS: MODERATE_PER_S };

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
    const thousand = await countedOn(cloud, await naive(cloud), 'naive', SINGLE);
    const { fed, backlog, alone, withoutDelay } = await ours(cloud);
    const found: Costed[] = [];
    const count = async (name: string, deployment: Deployment, load: Load) =>
      found.push(...fronts(name, await countedOn(cloud, deployment, name, load)));
    await count(`single, ${MODERATE_PER_S} a second`, fed, MODERATE);
    await count('single, backlog', backlog, SINGLE);
    await count('batch', alone, BATCH);
    await cloud.deliverAtOnce();
    return {
      naive: { name: 'naive', thousand, dollars: dollarsPerMillion(thousand, REST_API) },
      ours: found,
      withoutDelay: await countedOn(cloud, withoutDelay, 'at-once', SINGLE),
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

/** What the HTTP API logs of a request (infra/front.ts). */
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
  const events = mixOf(warmUp + load.events, name.replaceAll(/\W+/g, '-'), new Date(Date.now() - 60_000));
  const run = async (from: number, to: number, perS?: number) => {
    const sent: Promise<void>[] = [];
    const start = performance.now();
    for (let at = from; at < to; at += load.size) {
      const sending = deployment.send(events.slice(at, Math.min(at + load.size, to)));
      if (perS === undefined) await sending;
      else {
        sent.push(sending);
        await setTimeout(Math.max(0, start + (sent.length * 1000) / perS - performance.now()));
      }
    }
    await Promise.all(sent);
    await deployment.settle();
  };
  await run(0, warmUp);
  await cloud.taken();
  await run(warmUp, events.length, load.perS);
  return perThousand(await cloud.taken(), load.events);
}
