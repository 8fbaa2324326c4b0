import type { APIGatewayProxyEventV2, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { operationsMessage } from '../../functions/aws/queues.ts';
import type { Operation } from '../../functions/core/operation.ts';
import type { Door } from '../../infra/settings.ts';
import { eventOf } from '../../local/lambda/event-source.ts';
import { moved, override } from '../../test/world/examples.ts';
import { load, type Variant } from '../baseline/hooks.ts';
import type { Group } from '../group.ts';
import { authorized, CONFIGURATION, CONTEXT, EVENTS_PATH, posted, signed } from '../installation.ts';
import { type Cost, type Effort, interleaved, type Work } from '../measure.ts';
import { atMost, type Goal, type Row, row } from '../report.ts';
import { deviceToken, loginBody } from '../sample-events.ts';
import { FULL_TOKENS } from '../stub/answers.ts';
import { APP_SECRET, callDoor, type HttpDoor, setEnvironment } from './doors.ts';

/** The most that an event may cost, relative to the same code on the SDK. */
const GOALS = { one: atMost(0.5), hundred: atMost(0.15) };

/**
 * The deployed functions, warm, in this process, in turns with the same functions on the SDK: AWS's own clients in place of
 * ours, and a call for each item. So they were until 2026-11-28. The stub answers at once.
 */
export const functions: Group = async ({ stub, effort }) => {
  const worksOf = async (variant: Variant) => {
    setEnvironment(stub, 'empty');
    const events = await handlerOf<HttpDoor>('events', variant);
    setEnvironment(stub, 'full');
    const accountApi = await handlerOf<HttpDoor>('account-api', variant);
    setEnvironment(stub, `kept-${variant}`);
    const plain = await workerOf(variant);
    process.env['HISTORY'] = LEDGER;
    const apply = await workerOf(variant);
    const doors = mapped(REQUESTS.events, (request) => () => callDoor(events, request));
    const calls = mapped(REQUESTS.accountApi, (request) => () => callDoor(accountApi, request));
    const batches = mapped(BATCHES, (batch) => () => applyBatch(apply, batch));
    const unrecorded = mapped(BATCHES, (batch) => () => applyBatch(plain, batch));
    // All later deliveries find their operations applied, as most do: the door has applied them.
    for (const batch of Object.values<Work>(batches)) await batch();
    return { works: { ...doors, ...calls, ...batches }, batches, unrecorded };
  };
  const [ours, sdk] = [await worksOf('ours'), await worksOf('sdk')];
  const costs = new Map<string, Costs>();
  const onSdk = new Map(Object.entries<Work>(sdk.works));
  for (const [name, work] of Object.entries<Work>(ours.works))
    costs.set(name, await compared(work, onSdk.get(name), effort));
  const ledger = async (label: string, name: keyof typeof BATCHES, per: number) => {
    const works = { recorded: ours.batches[name], plain: ours.unrecorded[name] };
    const cost = await interleaved(works, effort);
    const figures = { ours: cost.recorded.cpuUs / per, reference: cost.plain.cpuUs / per };
    return row({ name: `${label}, ledger / no ledger`, unit: 'µs CPU/event', ...figures });
  };
  const ledgerRows = [
    await ledger('1 event a request, worker', 'oneApplied', MESSAGES),
    await ledger('100 events a request, worker', 'hundredApplied', 100),
  ];
  return { rows: [...rowsOf(costs), ...ledgerRows] };
};

type Worker = (batch: SQSEvent, context: typeof CONTEXT) => Promise<unknown>;
type Costs = Readonly<Record<Variant, Cost>>;

const handlerOf = async <H>(door: Door, variant: Variant): Promise<H> =>
  ((await load(`functions/${door}.ts`, variant)) as { handler: H }).handler; // every function exports its handler

/** The worker, as the current environment describes it. */
const workerOf = async (variant: Variant): Promise<Worker> =>
  ((await load('functions/aws/apply.ts', variant)) as typeof import('../../functions/aws/apply.ts')).applyDoor();

/** The ledger as it is by default; the stub drops what is written to its table. */
const LEDGER = JSON.stringify({ table: 'empty-ledger', days: CONFIGURATION.history.days });

const mapped = <K extends string, V, W>(record: Readonly<Record<K, V>>, map: (value: V) => W): Record<K, W> =>
  // An entry for each name of the record.
  Object.fromEntries(Object.entries<V>(record).map(([name, value]) => [name, map(value)])) as Record<K, W>;

function compared(ours: Work, sdk: Work | undefined, effort: Effort): Promise<Costs> {
  if (sdk === undefined) throw new Error('bug: both variants have the same works');
  return interleaved({ ours, sdk }, effort);
}

const onApi = (path: string, body: object) =>
  posted(`/v3/device/account/${path}`, JSON.stringify(body), authorized(APP_SECRET));
const elements = Array.from({ length: 20 }, (_, i) => ({
  token: deviceToken(i),
  account_list: [{ account: `account-${i}`, account_type: 0 }],
}));

async function eventsRequest(events: number): Promise<APIGatewayProxyEventV2> {
  const body = loginBody(events);
  return posted(EVENTS_PATH, body, await signed(body));
}

const REQUESTS: Readonly<Record<'events' | 'accountApi', Readonly<Record<string, APIGatewayProxyEventV2>>>> = {
  events: { one: await eventsRequest(1), hundred: await eventsRequest(100) },
  accountApi: {
    'query, tokens of 1 account': onApi('query', {
      ...{ operator_type: 1, platform: 'android', account_list: [{ account: 'someone', account_type: 0 }] },
    }),
    [`query, accounts of ${FULL_TOKENS} tokens`]: onApi('query', {
      ...{ operator_type: 2, platform: 'android' },
      token_list: Array.from({ length: FULL_TOKENS }, (_, i) => `token-${i}`),
    }),
    [`batchoperate, ${elements.length} tokens`]: onApi('batchoperate', {
      ...{ operator_type: 2, platform: 'android', token_accounts: elements },
    }),
  },
};

const logins = (first: number, count: number): Operation[] =>
  Array.from({ length: count }, (_, i) =>
    moved(override(Date.now(), [`account-${first + i}`]), deviceToken(first + i)),
  );

/** A batch as Lambda delivers it. */
const batchOf = (messages: readonly (readonly Operation[])[]): SQSEvent =>
  eventOf(
    messages.map((operations, i) => ({
      ...{ MessageId: `${i}`, ReceiptHandle: `${i}`, Body: operationsMessage({ id: `request-${i}` }, operations) },
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: `${Date.now()}` },
    })),
    'arn:aws:sqs:us-east-1:000000000000:operations',
  );

/** Messages that share an invocation of the worker. */
const MESSAGES = 10;

const BATCHES = {
  oneApplied: batchOf(Array.from({ length: MESSAGES }, (_, i) => logins(i, 1))),
  hundredApplied: batchOf([logins(1000, 100)]),
};

async function applyBatch(worker: Worker, batch: SQSEvent): Promise<void> {
  const { batchItemFailures } = (await worker(batch, CONTEXT)) as SQSBatchResponse; // every worker answers a batch with this
  if (batchItemFailures.length > 0) throw new Error('the worker left messages on the queue');
}

function rowsOf(costs: ReadonlyMap<string, Costs>): Row[] {
  const of = (name: string, variant: Variant, per: number) => (costs.get(name)?.[variant].cpuUs ?? Number.NaN) / per;
  /** `parts`: the works that an event takes, each with the events that it has. */
  const events = (label: string, parts: Readonly<Record<string, number>>, goal?: Goal) => {
    const cost = (variant: Variant) =>
      Object.entries(parts).reduce((sum, [name, per]) => sum + of(name, variant, per), 0);
    const figures = { name: `${label} / on the SDK`, unit: 'µs CPU/event', ours: cost('ours'), reference: cost('sdk') };
    return row(figures, goal);
  };
  return [
    events('1 event a request, door and worker', { one: 1, oneApplied: MESSAGES }, GOALS.one),
    events('1 event a request, door', { one: 1 }),
    events('1 event a request, worker that finds it applied', { oneApplied: MESSAGES }),
    events('100 events a request, door and worker', { hundred: 100, hundredApplied: 100 }, GOALS.hundred),
    events('100 events a request, door', { hundred: 100 }),
    events('100 events a request, worker that finds them applied', { hundredApplied: 100 }),
    ...Object.keys(REQUESTS.accountApi).map((name) =>
      row({
        name: `${name} / on the SDK`,
        unit: 'µs CPU/call',
        ours: of(name, 'ours', 1),
        reference: of(name, 'sdk', 1),
      }),
    ),
  ];
}
