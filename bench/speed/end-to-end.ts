import { setTimeout } from 'node:timers/promises';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Pool } from 'undici';
import * as z from 'zod';
import { awsClient } from '../../functions/aws/client.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { pointAwsAt } from '../../local/environment.ts';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { type Child, startChild } from '../child.ts';
import type { Group } from '../group.ts';
import { EVENTS_PATH, signed } from '../installation.ts';
import { median, quantile } from '../measure.ts';
import { row } from '../report.ts';
import { deviceToken, loginEvent } from '../sample-events.ts';
import { setEnvironment } from './doors.ts';
import { bindBare, storeCalls } from './store-calls.ts';

const LocalUrls = z.object({ url: z.string(), secret: z.string(), sqs: z.string(), dynamodb: z.string() });
const Cpu = z.object({ user: z.number(), system: z.number() });

/** Applies event number `i` and resolves when the next query shows it. */
type Way = (i: number) => Promise<unknown>;

/** Events under way at a time. */
const AT_ONCE = 8;

/**
 * The servers of `npm start`, from the POST until the event is applied, beside the same AWS calls of the same servers
 * made directly. Both include the time of the embedded servers.
 */
export const endToEnd: Group = async ({ stub, effort }) => {
  const local = await startChild('speed/local-process.ts');
  const urls = LocalUrls.parse(local.ready);
  pointAwsAt({ ...urls, secrets: urls.sqs });
  const events = Math.max(AT_ONCE, Math.round(effort.sliceMs * 4.5));
  const [ours, bare] = [oursAt(urls), await bareAt(urls)];
  const runs = { ours: [] as Run[], bare: [] as Run[] };
  for (let round = -1; round < Math.min(effort.rounds, 5); round++) {
    const [a, b] = [await run(local, ours.way, events), await run(local, bare.way, events)];
    if (round === -1) continue; // warms up
    runs.ours.push(a);
    runs.bare.push(b);
  }
  await ours.close();
  await local.stop();
  setEnvironment(stub, 'empty');
  const name = 'end to end, 1 event a request';
  const both = (of: (run: Run) => number) => ({
    ours: median(runs.ours.map(of)),
    reference: median(runs.bare.map(of)),
  });
  return {
    rows: [
      row({
        name: `${name}, 1 at a time: p50`,
        unit: 'ms until applied',
        ...both(({ alone }) => quantile(alone, 0.5)),
      }),
      row({
        name: `${name}, 1 at a time: p99`,
        unit: 'ms until applied',
        ...both(({ alone }) => quantile(alone, 0.99)),
      }),
      row({
        name: `${name}, ${AT_ONCE} at once: p50`,
        unit: 'ms until applied',
        ...both(({ busy }) => quantile(busy, 0.5)),
      }),
      row({
        name: `${name}, ${AT_ONCE} at once: p99`,
        unit: 'ms until applied',
        ...both(({ busy }) => quantile(busy, 0.99)),
      }),
      row({ name: `${name}, ${AT_ONCE} at once`, unit: 'events/s', ...both(({ perS }) => perS) }),
      row({ name: `${name}, ${AT_ONCE} at once`, unit: 'µs CPU/event', ...both(({ cpuUs }) => cpuUs) }),
    ],
  };
};

type Run = {
  /** The time of each event (ms), sent one after the other (`alone`) and many at once (`busy`). */
  readonly alone: readonly number[];
  readonly busy: readonly number[];
  readonly perS: number;
  /** Processor time an event (µs), of the servers and of this process, which makes the bare calls. */
  readonly cpuUs: number;
};

let next = 0;

async function run(local: Child, way: Way, events: number): Promise<Run> {
  const timed = async () => {
    const start = performance.now();
    await way(next++);
    return performance.now() - start;
  };
  const alone: number[] = [];
  for (let i = 0; i < events / 4; i++) alone.push(await timed());
  const inTurn = takingTurns(AT_ONCE);
  const [theirs, own, start] = [await cpuOf(local), process.cpuUsage(), performance.now()];
  const busy = await Promise.all(Array.from({ length: events }, () => inTurn(timed)));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(own);
  const cpuUs = ((await cpuOf(local)) - theirs + user + system) / events;
  return { alone, busy, perS: events / seconds, cpuUs };
}

async function cpuOf(child: Child): Promise<number> {
  const { user, system } = Cpu.parse(await child.ask('cpu'));
  return user + system;
}

function oursAt({ url, secret }: z.infer<typeof LocalUrls>) {
  const pool = new Pool(url, { connections: AT_ONCE });
  const calls = storeCalls(NAMES.table);
  const way: Way = async (i) => {
    const body = JSON.stringify(loginEvent(i));
    const headers = { 'content-type': 'application/json', ...signed(body, undefined, secret) };
    const { statusCode, body: answer } = await pool.request({ method: 'POST', path: EVENTS_PATH, headers, body });
    await answer.dump();
    if (statusCode !== 200 && statusCode !== 202) throw new Error(`the events door answered ${statusCode}`);
    // 202: durable only, because the second of the request was over. The worker applies it.
    while (statusCode === 202 && !(await calls.document(deviceToken(i))).Item) await setTimeout(5);
  };
  const close = () => pool.close();
  return { way, close };
}

async function bareAt({ sqs }: z.infer<typeof LocalUrls>) {
  const client = new SQSClient();
  const created = await client.send(new CreateQueueCommand({ QueueName: 'without-a-worker' }));
  client.destroy();
  const QueueUrl = `${sqs}${new URL(created.QueueUrl ?? '').pathname}`;
  const queue = awsClient('sqs');
  const calls = storeCalls(NAMES.table);
  const way: Way = async (i) => {
    await queue.call('SendMessage', { QueueUrl, MessageBody: JSON.stringify(loginEvent(i)) });
    await calls.document(deviceToken(i));
    await bindBare(calls, `account-${i}`, deviceToken(i));
  };
  return { way };
}
