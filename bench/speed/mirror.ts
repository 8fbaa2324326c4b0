import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { accountApiClient } from '../../functions/account-api/client.ts';
import { mirrorMarks } from '../../functions/aws/queues.ts';
import { parseAccountKey, Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { App, AppId } from '../../functions/core/configuration.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { MirrorPorts } from '../../functions/mirror/calls.ts';
import type { Hosted } from '../../functions/mirror/hosted.ts';
import { mirrorMessages } from '../../functions/mirror/push.ts';
import { startSqs } from '../../local/aws/servers.ts';
import { close, listen } from '../../local/listening.ts';
import { memoryMirrorStore } from '../../test/memory/mirror-store.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import type { Group } from '../group.ts';
import { interleaved } from '../measure.ts';
import { atMost, type Row, row } from '../report.ts';

const SHOP = AppId.parse('shop');

/** How long the hosted side takes to answer (ms). */
const LATENCY_MS = 20;

/** What one batch of the mirror's queue brings at most: ten messages of twenty marks. */
const MARKS = 200;

/** The mirror: how fast tokens are pushed, and how many calls a backlog takes. */
export const mirror: Group = async ({ effort }) => {
  const backlog = effort.rounds > 1 ? { events: 10_000, tokens: 3_300 } : { events: 200, tokens: 66 };
  return {
    rows: [...(await pushed(effort)), await calls({ ...backlog, bulk: 100 }), await calls({ ...backlog, bulk: 1 })],
  };
};

/** Tokens a second to a hosted side over HTTP, in whole batches and one call a token, one call after the other. */
async function pushed(effort: Parameters<typeof interleaved>[1]): Promise<Row[]> {
  const hostedSide = await slowSide();
  const client = accountApiClient({
    ...{ url: hostedSide.url, app: '1500000001', secret: 'secret', dialect: 'tpns', authentication: 'sign' },
    ...{ timeoutMs: 5_000, now: Date.now },
  });
  const tokens = Array.from({ length: MARKS }, (_, i) => Token.parse(`token-${i}`));
  const { ports, apply } = world(client);
  await apply(tokens.map((token, i) => login(token, i)));
  const marks = tokens.map((token) => ({ token, id: 'r', ms: 0, removes: false, forcedMs: 1 }));
  const body = JSON.stringify({ v: 1, app: SHOP, tokens: marks, accounts: [] });
  const cost = await interleaved(
    {
      ours: () => mirrorMessages(new Map([[SHOP, ports]]), [{ body, receives: 1 }]),
      single: () =>
        client.operate({ kind: 'bindOverriding', elements: [{ token: tokens[0] ?? fail(), accounts: [account(0)] }] }),
    },
    effort,
  );
  await client.close();
  await hostedSide.stop();
  const name = `mirror, hosted side ${LATENCY_MS} ms away, against one call a token`;
  const [ours, reference] = [(MARKS * 1e6) / cost.ours.wallUs, 1e6 / cost.single.wallUs];
  return [row({ name, unit: 'tokens/s', ours, reference })];
}

type Backlog = { readonly events: number; readonly tokens: number; readonly bulk: number };

/**
 * A mirror was away while events came, and returns: three quarters logins, one quarter logouts, about three to a token.
 * Counted are the calls that change the hosted side until the queue is empty.
 */
async function calls({ events, tokens, bulk }: Backlog): Promise<Row> {
  const sqs = await startSqs();
  const client = new SQSClient({ endpoint: sqs.url, region: 'us-east-1', credentials: LOCAL });
  const QueueName = 'marks.fifo';
  const made = await client.send(new CreateQueueCommand({ QueueName, Attributes: { FifoQueue: 'true' } }));
  const queueUrl = `${sqs.url}${new URL(made.QueueUrl ?? '').pathname}`;
  let count = 0;
  const hosted: Hosted = {
    operate: async (request) => {
      count++;
      const size = 'elements' in request ? request.elements.length : MARKS;
      return { kind: 'answered', results: Array.from({ length: size }, () => 'done') };
    },
    accountsOf: async () => ({ kind: 'found', accounts: [] }),
  };
  const { ports, apply } = world(hosted);
  const digest = async () => (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
  const { mark } = mirrorMarks({ client, queueUrls: { [SHOP]: queueUrl }, digest });
  for (let first = 0; first < events; first += BATCH * bulk) {
    const batch = Array.from({ length: Math.min(BATCH * bulk, events - first) }, (_, i) => event(first + i, tokens));
    await apply(batch);
    await mark(batch.map((operation) => ({ id: 'r', operation })));
  }
  await drain(client, queueUrl, (bodies) =>
    mirrorMessages(
      new Map([[SHOP, ports]]),
      bodies.map((body) => ({ body, receives: 1 })),
    ),
  );
  client.destroy();
  await sqs.stop();
  const asked = bulk === 1 ? 'an event a request' : `${bulk} events a request`;
  const figures = { name: `hosted calls, backlog, ${asked}`, unit: 'calls/event', ours: count / events, reference: 1 };
  return row(figures, bulk === 1 ? undefined : atMost(0.06, 'ours'));
}

/** Messages in one batch of the operations queue. */
const BATCH = 10;

const LOCAL = { accessKeyId: 'local', secretAccessKey: 'local' };

async function drain(client: SQSClient, QueueUrl: string, settle: (bodies: string[]) => Promise<unknown>) {
  for (;;) {
    const all = { QueueUrl, MaxNumberOfMessages: BATCH };
    const { Messages = [] } = await client.send(new ReceiveMessageCommand(all));
    if (Messages.length === 0) return;
    await settle(Messages.map(({ Body = '' }) => Body));
    const Entries = Messages.map(({ ReceiptHandle }: Message, i) => ({ Id: `${i}`, ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  }
}

/** The mirror's handler on stores in memory. */
function world(hosted: Hosted) {
  const registry = memoryRegistryStore();
  const app = App.parse({ id: SHOP, dialect: 'tpns', policy: 'one-per-type', platform: 'android', mirror: MIRROR });
  const ports: MirrorPorts = {
    app: { ...app, mirror: app.mirror ?? fail() },
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

const MIRROR = { url: 'https://hosted.example', app: '1500000001', dialect: 'tpns' };

const account = (i: number) => parseAccountKey(`0#account-${i}`);

const login = (token: Token, i: number): Operation => ({
  kind: 'bindOverriding',
  app: SHOP,
  token,
  accounts: [account(i)],
  scope: 'types',
  stamp: stampOf('bindOverriding', Date.now(), eventHash(token, i)),
});

/** The i-th event of the mix, the same in every run. */
function event(i: number, tokens: number): Operation {
  const chance = Number.parseInt(eventHash('mix', i), 16) / 2 ** 64;
  const token = Token.parse(`token-${Math.floor(chance * tokens)}`);
  if (i % 4 !== 3) return login(token, i);
  return {
    kind: 'unbindTokenFromAll',
    app: SHOP,
    token,
    stamp: stampOf('unbindTokenFromAll', Date.now(), eventHash(i)),
  };
}

/** A hosted side that takes its time and does nothing. */
async function slowSide() {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { token_accounts = [], token_list = [] } = JSON.parse(text);
    await setTimeout(LATENCY_MS);
    const result = Array.from({ length: token_accounts.length + token_list.length }, () => '0');
    response.end(JSON.stringify({ ret_code: 0, err_msg: 'NO_ERROR', result }));
  });
  return { url: await listen(server), stop: () => close(server) };
}

const fail = (): never => {
  throw new Error('it is there');
};
