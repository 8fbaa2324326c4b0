import { setTimeout } from 'node:timers/promises';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Pool } from 'undici';
import * as z from 'zod';
import { QUEUE_CLIENT } from '../../functions/aws/client.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { pointAwsAt } from '../../local/environment.ts';
import { takingTurns } from '../../local/lambda/invoke.ts';
import { type Child, startChild } from '../child.ts';
import type { Group } from '../group.ts';
import { median, quantile } from '../measure.ts';
import { row } from '../report.ts';
import { loginOf, tokenAt } from '../sample-events.ts';
import { signed, surround } from './deployed.ts';
import { bindBare, storeCalls } from './store-calls.ts';

const Said = z.object({ url: z.string(), secret: z.string(), sqs: z.string(), dynamodb: z.string() });
const Cpu = z.object({ user: z.number(), system: z.number() });

/** Makes event number `i` effective. */
type Way = (i: number) => Promise<unknown>;

/** Events under way at a time. */
const AT_ONCE = 8;

/**
 * `npm start`'s servers, from the POST to the answer that the event is in effect, beside the same calls of the same
 * servers with nothing of ours in between. What the embedded servers take is in both.
 */
export const endToEnd: Group = async ({ stub, effort }) => {
  const local = await startChild('speed/local-process.ts');
  const said = Said.parse(local.said);
  pointAwsAt({ ...said, secrets: said.sqs });
  const events = Math.max(AT_ONCE, Math.round(effort.sliceMs * 4.5));
  const [ours, bare] = [oursAt(said), await bareAt(said)];
  const runs = { ours: [] as Run[], bare: [] as Run[] };
  for (let round = -1; round < Math.min(effort.rounds, 5); round++) {
    const [a, b] = [await run(local, ours.way, events), await run(local, bare.way, events)];
    if (round === -1) continue; // to warm up
    runs.ours.push(a);
    runs.bare.push(b);
  }
  await Promise.all([ours.close(), bare.close()]);
  await local.stop();
  surround(stub, 'empty');
  const name = 'end to end, 1 event a request';
  const both = (of: (run: Run) => number) => ({
    ours: median(runs.ours.map(of)),
    reference: median(runs.bare.map(of)),
  });
  return {
    rows: [
      row({ name: `${name}, 1 at a time: p50`, unit: 'ms to effect', ...both(({ alone }) => quantile(alone, 0.5)) }),
      row({ name: `${name}, 1 at a time: p99`, unit: 'ms to effect', ...both(({ alone }) => quantile(alone, 0.99)) }),
      row({
        name: `${name}, ${AT_ONCE} at once: p50`,
        unit: 'ms to effect',
        ...both(({ busy }) => quantile(busy, 0.5)),
      }),
      row({
        name: `${name}, ${AT_ONCE} at once: p99`,
        unit: 'ms to effect',
        ...both(({ busy }) => quantile(busy, 0.99)),
      }),
      row({ name: `${name}, ${AT_ONCE} at once`, unit: 'events/s', ...both(({ perS }) => perS) }),
      row({ name: `${name}, ${AT_ONCE} at once`, unit: 'µs CPU/event', ...both(({ cpuUs }) => cpuUs) }),
    ],
  };
};

type Run = {
  /** How long each event took (ms), one after the other and many at once. */
  readonly alone: readonly number[];
  readonly busy: readonly number[];
  readonly perS: number;
  /** Of the servers and, where that makes the calls, of this process. */
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

function oursAt({ url, secret }: z.infer<typeof Said>) {
  const pool = new Pool(url, { connections: AT_ONCE });
  const key = webhookKey(secret);
  const calls = storeCalls(NAMES.table);
  const way: Way = async (i) => {
    const body = JSON.stringify(loginOf(i));
    const headers = { 'content-type': 'application/json', ...signed(body, key) };
    const { statusCode, body: answer } = await pool.request({ method: 'POST', path: '/events/app', headers, body });
    await answer.dump();
    if (statusCode !== 200 && statusCode !== 202) throw new Error(`an event was answered ${statusCode}`);
    // Only durable: the second that a request may wait was over, and the worker applies it.
    while (statusCode === 202 && !(await calls.document(tokenAt(i))).Item) await setTimeout(5);
  };
  const close = async () => {
    calls.close();
    await pool.close();
  };
  return { way, close };
}

async function bareAt({ sqs }: z.infer<typeof Said>) {
  const client = new SQSClient(QUEUE_CLIENT);
  const created = await client.send(new CreateQueueCommand({ QueueName: 'nobody-listens' }));
  const QueueUrl = `${sqs}${new URL(created.QueueUrl ?? '').pathname}`;
  const calls = storeCalls(NAMES.table);
  const way: Way = async (i) => {
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(loginOf(i)) }));
    await calls.document(tokenAt(i));
    await bindBare(calls, `account-${i}`, tokenAt(i));
  };
  const close = async () => {
    client.destroy();
    calls.close();
  };
  return { way, close };
}
