import { setTimeout } from 'node:timers/promises';
import { MEMORY_MB } from '../../infra/settings.ts';
import { type Cloud, logLine, startCloud } from './cloud.ts';
import type { Deployment } from './deployment.ts';
import { type LedgerCost, ledgerCosts, storedBytes } from './ledger.ts';
import { mixOf, STEADY } from './mix.ts';
import { naive } from './naive/naive.ts';
import { ours } from './ours/ours.ts';
import { PRICES } from './prices.ts';
import { questionCosts } from './questions.ts';
import { dollarsPerMillion, perThousand, type Setting, sum, type Units } from './units.ts';

/** The units of a design for a thousand events, and its dollars for a million. */
export type DesignCost = { readonly name: string; readonly thousand: Units; readonly dollars: Units };

/** Requests of `size` events, `perS` a second or one after the other. `events` are counted, after a warm-up. */
type Load = { readonly size: number; readonly events: number; readonly perS?: number };

const SINGLE: Load = { size: 1, events: 400 };
const BATCH: Load = { size: 100, events: 2000 };

/**
 * A moderate rate of single events. The embedded queue checks every 20 ms for messages whose delay is over. More events
 * than that would let one receive find messages that SQS delivers in two.
 */
export const MODERATE_PER_S = 20;
const MODERATE: Load = { size: 1, events: 250, perS: MODERATE_PER_S };
const QUIET: Load = { size: 1, events: 50, perS: 1 };

export type Costs = {
  readonly naive: DesignCost;
  readonly ours: readonly DesignCost[];
  /** The units of a thousand single events without the ledger, and if the queue also had no delay. */
  readonly backlog: Units;
  readonly withoutDelay: Units;
  readonly ledger: readonly LedgerCost[];
  /** The bytes that the ledger stores of an event, in requests of one and of a hundred events. */
  readonly stored: Readonly<Record<'single' | 'batch', number>>;
  /** Of a sender's calls, not of events. */
  readonly questions: readonly DesignCost[];
};

const ARM = { memoryMb: MEMORY_MB.events, gbSecond: PRICES.armGbSecond.dollars };
const HTTP_API: Setting = { ...ARM, apiRequest: PRICES.httpApi.dollars };
const FUNCTION_URL: Setting = { ...ARM, apiRequest: PRICES.functionUrl.dollars };
const REST_API: Setting = { memoryMb: 512, gbSecond: PRICES.x86GbSecond.dollars, apiRequest: PRICES.restApi.dollars };

/** Runs both designs on the embedded services and counts their units. */
export async function costs(): Promise<Costs> {
  const cloud = await startCloud();
  try {
    const thousand = await countedOn(cloud, await naive(cloud), 'naive', SINGLE);
    const { recorded, plain } = await ours(cloud);
    const counted: DesignCost[] = [];
    const count = async (name: string, deployment: Deployment, load: Load) => {
      const units = await countedOn(cloud, deployment, name, load);
      counted.push(...fronts(name, units));
      return units;
    };
    /** Returns the bytes that the ledger stores of an event. */
    const countStored = async (...[name, deployment, load]: Parameters<typeof count>) => {
      const before = await storedBytes();
      await count(name, deployment, load);
      return ((await storedBytes()) - before) / (warmUpOf(load) + load.events);
    };
    const stored = {
      single: await countStored(`single, ${MODERATE_PER_S} a second, ledger`, recorded.fed, MODERATE),
      batch: await countStored('batch, ledger', recorded.alone, BATCH),
    };
    await count('single, 1 a second, ledger', recorded.fed, QUIET);
    await count('single, backlog, ledger', recorded.backlog, SINGLE);
    await count(`single, ${MODERATE_PER_S} a second, no ledger`, plain.fed, MODERATE);
    const backlog = await count('single, backlog, no ledger', plain.backlog, SINGLE);
    await count('batch, no ledger', plain.alone, BATCH);
    const ledger = await ledgerCosts(cloud, { recorded: recorded.alone, plain: plain.alone }, FUNCTION_URL);
    await cloud.deliverAtOnce();
    const withoutDelay = await countedOn(cloud, plain.withoutDelay, 'at-once', SINGLE);
    const questions = (await questionCosts(cloud)).flatMap(({ name, thousand: units }) => fronts(name, units));
    return {
      naive: { name: 'naive', thousand, dollars: dollarsPerMillion(thousand, REST_API) },
      ours: counted,
      ...{ backlog, withoutDelay, ledger, stored, questions },
    };
  } finally {
    await cloud.stop();
  }
}

/** The costs behind an HTTP API, which logs each request, and behind a function URL. */
const fronts = (name: string, behindUrl: Units): DesignCost[] => {
  const logged = (logLine(ACCESS_LINE).logBytes ?? 0) * behindUrl.apiRequests;
  const behindApi = sum(behindUrl, { logBytes: logged });
  return [
    { name: `${name}, HTTP API`, thousand: behindApi, dollars: dollarsPerMillion(behindApi, HTTP_API) },
    { name: `${name}, function URL`, thousand: behindUrl, dollars: dollarsPerMillion(behindUrl, FUNCTION_URL) },
  ];
};

/** The line that the HTTP API logs of a request (infra/front.ts). */
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

/** The events before those that are counted. */
const warmUpOf = ({ size }: Load): number => Math.max(STEADY, 3 * size);

/** Returns the units of a thousand events of a load, counted after a warm-up. `name` makes the load's events unique. */
export async function countedOn(cloud: Cloud, deployment: Deployment, name: string, load: Load): Promise<Units> {
  const warmUp = warmUpOf(load);
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
    await deployment.finish();
  };
  await run(0, warmUp);
  await cloud.takeUnits();
  await run(warmUp, events.length, load.perS);
  return perThousand(await cloud.takeUnits(), load.events);
}
