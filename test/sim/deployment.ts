import type { Context } from 'aws-lambda';
import { accountApiHandler } from '../../functions/account-api/handler.ts';
import { appSecret } from '../../functions/account-api/wire/credentials.ts';
import type { Reads } from '../../functions/aws/dynamodb.ts';
import { operationsMessage } from '../../functions/aws/queues.ts';
import { READS } from '../../functions/aws/registry-store.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import type { Configuration } from '../../functions/core/bindery-json.ts';
import { deviceKey } from '../../functions/core/fence.ts';
import { OperationsMessage } from '../../functions/core/operation.ts';
import { orUnavailable, Unavailable } from '../../functions/core/outcome.ts';
import { devicesHandler } from '../../functions/devices/handler.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { openSources } from '../../functions/events/source.ts';
import { kind } from '../../functions/events/sources/standard-webhooks.ts';
import type { RecordedMessage } from '../../functions/history/entry.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import type { Log } from '../../functions/lambda/log.ts';
import type { Delivery } from '../../functions/lambda/message.ts';
import { sqsDoor } from '../../functions/lambda/sqs.ts';
import { accepting } from '../../functions/operations/accept.ts';
import { type ApplyPorts, applyMessages, type Mirrors } from '../../functions/operations/messages.ts';
import { resolveHandler } from '../../functions/resolve/handler.ts';
import { readerSecret } from '../../functions/resolve/reader.ts';
import { EVENT_SOURCE, type HttpDoor, OPERATIONS_QUEUE, TIMEOUT_S } from '../../infra/settings.ts';
import { BEGINNING_MS } from './cast.ts';
import { eventSource } from './event-source.ts';
import type { OnFinding } from './finding.ts';
import { forgetfulStore, hostileStore } from './hostile-store.ts';
import { eventually, type History, remembered } from './lately.ts';
import type { Ledger } from './ledger.ts';
import { type Process, requested, type Surroundings } from './network.ts';
import { provenBy } from './phones/provider.ts';
import { type Queue, queue } from './queue.ts';
import { APP_SECRET, CANARY, CONFIGURATION, READER_SECRET, SOURCE_KEY } from './scene.ts';
import { DAY_MS, MINUTE_MS, MOST_SKEW_MS } from './timeline.ts';
import { type Truth, watched } from './truth.ts';

/** How long a door keeps its caller waiting for an operation to take effect (ms). */
const BUDGET_MS = 1_000;

/** The surroundings of a deployment, and its observers. */
type Watched = Surroundings & { readonly ledger: Ledger; readonly onFinding: OnFinding };

export type DeploymentOptions = {
  readonly configuration?: Configuration;
  /** Marks for the mirrors of apps that have one, as a process of the worker sends them. */
  readonly mirrors?: (process: Process) => Mirrors;
  /** Writes to the ledger. `nowMs`: since 1970, by the right time. Default: no ledger. */
  readonly record?: (messages: readonly RecordedMessage[], nowMs: number) => void;
};

/** `sawStoreFail`: whether the store was ever unavailable to this process. */
type Doors = Readonly<Record<HttpDoor, ReturnType<typeof httpDoor>>> & { readonly sawStoreFail: () => boolean };

/** The deployment: the real doors and the real worker, on machines that share a store and a queue. */
export type Deployment = Pick<Site, 'truth' | 'queue' | 'log' | 'clock' | 'parked'> & {
  readonly doors: (process: Process) => Doors;
  readonly worker: (process: Process) => ReturnType<typeof sqsDoor>;
};

/** Without a remaining time middy sets no timer of its own: time here is virtual. */
export const CONTEXT = {} as Context;

type Site = Watched &
  DeploymentOptions & {
    readonly truth: Truth;
    readonly past: History;
    readonly queue: Queue;
    readonly parked: OperationsMessage[];
    readonly log: Log;
    readonly configuration: Configuration;
    /** Milliseconds since 1970 by the clock of one of the machines. */
    readonly clock: () => () => number;
  };

export function deploy(surroundings: Watched, options: DeploymentOptions): Deployment {
  const { timeline, random, faults, onFinding } = surroundings;
  const skews = [0, 1, 2].map(() =>
    faults.strike('clocks differ') ? (random.next() - 0.5) * random.pick([20, 800, 2 * MOST_SKEW_MS]) : 0,
  );
  // A clock that is set right, or wrong, goes back too.
  for (const machine of skews.keys())
    if (faults.strike('clocks step'))
      timeline.after(random.logUniform(100, 10 * MINUTE_MS), () => {
        skews[machine] = (random.next() - 0.5) * random.pick([800, 2 * MOST_SKEW_MS]);
      });
  const forgets = () => faults.strike('store forgets what has expired');
  const now = () => BEGINNING_MS + timeline.now();
  const past = remembered(forgetfulStore(now, forgets), timeline.now);
  const site: Site = {
    ...surroundings,
    ...options,
    truth: watched(past.store, timeline.now),
    past,
    queue: queue({
      now: timeline.now,
      random,
      visibilityMs: OPERATIONS_QUEUE.visibilityS * 1000,
      // Far fewer than as deployed, so that cases of minutes have dead letters.
      maxReceiveCount: 12,
      // An operator looks at the alarm, some time, and sends the dead letters again.
      onDeadLetter: () => timeline.after(random.logUniform(60_000, 2 * DAY_MS), () => site.queue.redrive()),
      onVisible: (inMs) => timeline.after(inMs + random.logUniform(1, 50), () => source.look()),
    }),
    parked: [],
    log: (level, message, line) => {
      const text = JSON.stringify(line);
      if (text.includes(CANARY)) onFinding('O8 no name is in a log', `${message} ${text}`);
      if (level === 'error') onFinding('no bug is thrown', `${message} ${text}`);
    },
    configuration: options.configuration ?? CONFIGURATION,
    clock: () => {
      const machine = random.below(skews.length);
      return () => Math.floor(now() + (skews[machine] ?? 0));
    },
  };
  const worker = (process: Process) => workerOf(site, process);
  const source = eventSource(surroundings, {
    queue: site.queue,
    batchSize: EVENT_SOURCE.batchSize,
    maxConcurrency: 4,
    timeoutMs: TIMEOUT_S.apply * 1000,
    invoke: (process, Records) => worker(process)({ Records }, CONTEXT),
  });
  return { ...site, worker, doors: (process) => doorsOf(site, process) };
}

function registryOf(site: Site, process: Process, reads: Reads, now = site.clock(), onFailure = () => {}) {
  const { timeline, random, truth, past } = site;
  const store = reads === 'strong' ? truth.store : eventually(truth.store, past, site);
  return {
    store: hostileStore(store, site, process, onFailure),
    now,
    pause: (attempt: number) => timeline.sleep(random.next() * Math.min(200, 5 * 2 ** attempt)),
  };
}

function workerOf(site: Site, process: Process): ReturnType<typeof sqsDoor> {
  const ports = registryOf(site, process, READS.apply);
  const park = (refused: OperationsMessage) => asked(site, process, () => void site.parked.push(refused));
  const settle = (deliveries: readonly Delivery[]) =>
    applyMessages(
      {
        apply: (all, announce) => applyAll(ports, all, { announce, answers: site.record !== undefined && 'logins' }),
        park,
        mirrors: site.mirrors?.(process),
        record: recorderOf(site, process),
      },
      deliveries.map(({ body }) => body),
    );
  // The wait that the door asks for comes from real chance: this case draws its own.
  const postpone = ({ receiptHandle }: { receiptHandle: string }) =>
    asked(site, process, () => site.queue.hide(receiptHandle, site.random.next() * 30_000));
  return sqsDoor({ stage: 'apply', settle, postpone, log: site.log });
}

/** Writes to the ledger over the network of a process. A write that is refused, or whose answer is lost, keeps the message. */
function recorderOf(site: Site, process: Process): ApplyPorts['record'] {
  const { record, timeline } = site;
  if (record === undefined) return undefined;
  return async (messages) => {
    const act = () => record(messages, Math.ceil(BEGINNING_MS + timeline.now()));
    const failed = await orUnavailable(() => asked(site, process, act));
    return messages.map(() => failed?.reason);
  };
}

const SECRET = appSecret(APP_SECRET);
const READER = readerSecret(READER_SECRET);
const DEVICE_KEY = deviceKey('the key of fences and receipts');

function doorsOf(site: Site, process: Process): Doors {
  const { timeline, faults, log } = site;
  // A process of a door serves one request.
  const fromMs = Math.floor(BEGINNING_MS + timeline.now());
  let failures = 0;
  const now = site.clock();
  const sources = openSources(site.configuration, () => kind, { fetch, now });
  const apps = new Map(site.configuration.apps.map((app) => [`${app.id}`, app]));
  const registryAt = (door: keyof typeof READS) => registryOf(site, process, READS[door], now, () => void failures++);
  const secret =
    <T>(value: T) =>
    async () => {
      if (faults.strike('secrets are unavailable')) throw new Unavailable('ThrottlingException');
      return [value];
    };
  const acceptAt = (registry: RegistryPorts) =>
    accepting({
      enqueue: (origin, all) => enqueue(site, process, operationsMessage({ ...origin, acceptedMs: fromMs }, all)),
      apply: (all, announce, durable) => applyAll(registry, all, { answers: true, announce, durable }),
      withinBudget: (work) => Promise.race([work, timeline.sleep(BUDGET_MS).then(() => 'late' as const)]),
    });
  const registry = registryAt('account-api');
  const { store } = registry;
  const keysOf = secret(SOURCE_KEY);
  const events = { sources, keysOf, accept: acceptAt(registryAt('events')), store, now };
  const calls = { apps, secretsOf: secret(SECRET), store, accept: acceptAt(registry), now, sleep: timeline.sleep };
  const strong = registryOf(site, process, 'strong', now, () => void failures++).store;
  const ownKeys = secret(DEVICE_KEY);
  const devices = {
    ...{ ...site.configuration, keysOf, ownKeys, store: strong, fetch, now },
    accept: acceptAt(registryAt('devices')),
  };
  const { history: _, ...configured } = site.configuration;
  const resolve = { ...configured, secretsOf: secret(READER), fenceKeys: ownKeys, store: strong, now };
  return {
    sawStoreFail: () => failures > 0,
    devices: httpDoor(devicesHandler(devices, provenBy), log),
    resolve: httpDoor(resolveHandler(resolve), log),
    events: httpDoor(eventsHandler(events), log),
    'account-api': httpDoor(accountApiHandler(calls), log),
  };
}

async function enqueue(site: Site, process: Process, body: string): Promise<undefined> {
  await asked(site, process, () => {
    site.queue.send(body);
    site.ledger.enqueued(OperationsMessage.parse(JSON.parse(body)), site.timeline.now());
  });
}

/** One thing asked of the queue. */
export const asked = async (surroundings: Surroundings, process: Process, act: () => void): Promise<void> => {
  await requested(surroundings, process, 'queue', [async () => act()]);
};
