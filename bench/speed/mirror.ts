import { createHmac } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { accountApiClient } from '../../functions/account-api/client.ts';
import { mirrorMarks } from '../../functions/aws/queues.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { App } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { eventHash } from '../../functions/core/stamp.ts';
import type { Hosted } from '../../functions/mirror/hosted.ts';
import type { MirrorPorts } from '../../functions/mirror/ports.ts';
import { pushMessages } from '../../functions/mirror/push.ts';
import { startSqs } from '../../local/aws/servers.ts';
import { memoryMirrorStore } from '../../test/memory/mirror-store.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import { account, moved, overrideTypes, token, unbindAll } from '../../test/world/examples.ts';
import type { Group } from '../group.ts';
import { type Effort, interleaved } from '../measure.ts';
import { atMost, type Row, row } from '../report.ts';
import { startHostedApi } from '../stub/stub.ts';

/** The time that the hosted API takes to answer (ms). */
const LATENCY_MS = 20;

/** The most marks in one batch of the mirror's queue: ten messages of twenty. */
const MARKS = 200;

/** The mirror: how fast it pushes tokens, and how many calls a backlog takes. */
export const mirror: Group = async ({ effort }) => {
  const backlog = effort.rounds > 1 ? { events: 10_000, tokens: 3_300 } : { events: 200, tokens: 66 };
  return {
    rows: [
      await pushRow(effort),
      await backlogRow({ ...backlog, perRequest: 100 }),
      await backlogRow({ ...backlog, perRequest: 1 }),
    ],
  };
};

/** Tokens a second to a hosted API over HTTP: whole batches, against one call a token, one after the other. */
async function pushRow(effort: Effort): Promise<Row> {
  const hostedApi = await startHostedApi(LATENCY_MS);
  const client = accountApiClient({
    ...{ url: hostedApi.url, app: '1500000001', secret: 'secret', dialect: 'tpns', authentication: 'sign' },
    ...{ timeoutMs: 5_000, now: Date.now },
  });
  const names = Array.from({ length: MARKS }, (_, i) => `token-${i}`);
  const { ports, apply } = mirrorInMemory(client);
  await apply(names.map((name, i) => login(name, i, Date.now())));
  const tokens = names.map((name) => ({ token: token(name), id: 'r', ms: 0, removes: false, forcedMs: 1 }));
  const body = JSON.stringify({ v: 1, app: ports.app.id, tokens, accounts: [] });
  const element = { token: token('token-0'), accounts: [account('account-0')] };
  const cost = await interleaved(
    {
      ours: () => pushMessages(new Map([[ports.app.id, ports]]), [{ body, receives: 1 }]),
      single: () => client.operate({ kind: 'bindOverriding', elements: [element] }),
    },
    effort,
  );
  await client.close();
  await hostedApi.stop();
  const name = `mirror, hosted API ${LATENCY_MS} ms away, against one call a token`;
  const [ours, reference] = [(MARKS * 1e6) / cost.ours.wallUs, 1e6 / cost.single.wallUs];
  return row({ name, unit: 'tokens/s', ours, reference });
}

type Backlog = { readonly events: number; readonly tokens: number; readonly perRequest: number };

/**
 * Counts the calls that change the hosted API after it was unavailable while events came: three quarters logins, one
 * quarter logouts, about three to a token. Counts until the queue is empty.
 */
async function backlogRow({ events, tokens, perRequest }: Backlog): Promise<Row> {
  const sqs = await startSqs();
  const client = new SQSClient({ endpoint: sqs.url });
  const queueUrl = await createQueue(client, sqs.url);
  let calls = 0;
  const hosted: Hosted = {
    operate: async (request) => {
      calls++;
      const size = 'elements' in request ? request.elements.length : MARKS;
      return { kind: 'answered', results: Array.from({ length: size }, () => 'done') };
    },
    accountsOf: async () => ({ kind: 'found', accounts: [] }),
  };
  const { ports, apply } = mirrorInMemory(hosted);
  const digest = async () => (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
  const { mark } = mirrorMarks({ client, queueUrls: { [ports.app.id]: queueUrl }, digest });
  const startMs = Date.now() - events;
  const perBatch = BATCH * perRequest;
  for (let first = 0; first < events; first += perBatch) {
    const size = Math.min(perBatch, events - first);
    const batch = Array.from({ length: size }, (_, i) => loginOrLogout(first + i, tokens, startMs));
    await apply(batch);
    await mark(batch.map((operation) => ({ id: 'r', operation })));
  }
  await drain(client, queueUrl, (bodies) =>
    pushMessages(
      new Map([[ports.app.id, ports]]),
      bodies.map((body) => ({ body, receives: 1 })),
    ),
  );
  client.destroy();
  await sqs.stop();
  const requests = perRequest === 1 ? 'an event a request' : `${perRequest} events a request`;
  const name = `hosted calls, backlog, ${requests}`;
  const goal = perRequest === 1 ? undefined : atMost(0.06, 'ours', 0);
  return row({ name, unit: 'calls/event', ours: calls / events, reference: 1 }, goal);
}

/** Messages in one batch of a queue. */
const BATCH = 10;

async function createQueue(client: SQSClient, sqsUrl: string): Promise<string> {
  const Attributes = { FifoQueue: 'true' };
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'marks.fifo', Attributes }));
  return `${sqsUrl}${new URL(QueueUrl).pathname}`;
}

async function drain(client: SQSClient, QueueUrl: string, push: (bodies: string[]) => Promise<unknown>): Promise<void> {
  for (;;) {
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: BATCH });
    const { Messages = [] } = await client.send(receive);
    if (Messages.length === 0) return;
    await push(Messages.map(({ Body = '' }) => Body));
    const Entries = Messages.map(({ ReceiptHandle }: Message, i) => ({ Id: `${i}`, ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** The mirror's handler on stores in memory. */
function mirrorInMemory(hosted: Hosted) {
  const registry = memoryRegistryStore();
  const mirror = { url: 'https://hosted.example', app: '1500000001', dialect: 'tpns' };
  const app = App.parse({ id: 'shop', dialect: 'tpns', policy: 'one-per-type', platform: 'android', mirror });
  if (app.mirror === undefined) throw new Error('bug: the app has no mirror');
  const ports: MirrorPorts = {
    app: { ...app, mirror: app.mirror },
    registry,
    states: memoryMirrorStore(),
    hosted,
    mark: async () => {},
    check: async () => {},
    now: Date.now,
    note: () => {},
  };
  const apply = (operations: readonly Operation[]) =>
    applyAll({ store: registry, now: Date.now, pause: async () => {} }, operations);
  return { ports, apply };
}

const login = (name: string, i: number, ms: number): Operation => moved(overrideTypes(ms, [`account-${i}`]), name);

/** The i-th event of the mix, on the same token in every run. */
function loginOrLogout(i: number, tokens: number, startMs: number): Operation {
  const chance = Number.parseInt(eventHash('mix', i), 16) / 2 ** 64;
  const name = `token-${Math.floor(chance * tokens)}`;
  const ms = startMs + i;
  return i % 4 === 3 ? moved(unbindAll(ms), name) : login(name, i, ms);
}
