import type { Buffer } from 'node:buffer';
import { type Job, Queue, Worker } from 'bullmq';
import fastify from 'fastify';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { Pool } from 'undici';
import { chunksOf } from '../../functions/core/parallel.ts';
import { verifiedId } from '../../functions/events/signature.ts';
import { type AppEvent, readAppEvents } from '../../functions/events/sources/standard-webhooks.ts';
import { LOOPBACK } from '../../local/listening.ts';
import { EVENTS_PATH, SOURCE_KEY, SOURCE_SECRET } from '../installation.ts';
import { countDone } from './progress.ts';
import { isVariant, VARIANTS, type Variant } from './variants.ts';

type Login = Extract<AppEvent, { type: 'user.login' }>;

/** Binds the tokens of logins in one call of the hosted Account API. */
type Bind = (logins: readonly Login[]) => Promise<void>;

const BIND_PATH = '/v3/device/account/batchoperate';
const headers = { 'content-type': 'application/json', authorization: `Basic ${btoa('shop:secret')}` };

/** Translates logins to the Account API's format. */
const bodyOf = (logins: readonly Login[]): string =>
  JSON.stringify({
    operator_type: 2,
    platform: 'android',
    token_accounts: logins.map(({ data: { token, account, account_type } }) => ({
      token,
      account_list: [{ account, account_type }],
    })),
  });

function binding(url: string, { http, concurrency }: Variant): Bind {
  if (http === 'fetch')
    return async (logins) => {
      const answer = await fetch(`${url}${BIND_PATH}`, { method: 'POST', headers, body: bodyOf(logins) });
      checked(await answer.json());
    };
  const pool = new Pool(url, { connections: Math.min(concurrency, 50) });
  return async (logins) => {
    const { body } = await pool.request({ method: 'POST', path: BIND_PATH, headers, body: bodyOf(logins) });
    checked(await body.json());
  };
}

function checked(answer: unknown): void {
  const isDone = typeof answer === 'object' && answer !== null && 'ret_code' in answer && answer.ret_code === 0;
  if (!isDone) throw new Error('the hosted API refused a call');
}

/**
 * The usual stack for the same work, as a process of its own: Fastify verifies, validates and queues, BullMQ stores in
 * Redis, a worker translates and binds at a hosted API. Sends its URL, and counts events that are bound.
 */
const [name, hostedUrl = '', socket = ''] = process.argv.slice(2);
if (!isVariant(name)) throw new Error(`bug: no variant of the peer is called ${name}`);
const variant = VARIANTS[name];
const connection = { path: socket, maxRetriesPerRequest: null };
const queue = new Queue(name, { connection });
const redis = new Redis(connection);
const bind = binding(hostedUrl, variant);
const webhook = new Webhook(SOURCE_SECRET);

/** Returns the message's id. If the signature is wrong, `verifiedId` returns undefined and the library throws. */
function idOf(headers: Record<string, string>, body: Buffer): string | undefined {
  if (variant.verify === 'node:crypto') return verifiedId({ headers, body }, [SOURCE_KEY], Date.now());
  webhook.verify(body.toString(), headers);
  return headers['webhook-id'];
}

async function enqueue(id: string, events: readonly AppEvent[]): Promise<void> {
  const options = { removeOnComplete: true, attempts: 5, backoff: { type: 'exponential', delay: 100 } };
  const jobId = (event: AppEvent) => event.id ?? id;
  if (variant.jobs === 'one a request') await queue.add('events', { events }, { ...options, jobId: id });
  else if (variant.jobs === 'one an event, in bulk')
    await queue.addBulk(
      events.map((event) => ({ name: 'events', data: { events: [event] }, opts: { ...options, jobId: jobId(event) } })),
    );
  else for (const event of events) await queue.add('events', { events: [event] }, { ...options, jobId: jobId(event) });
}

const count = countDone();

async function work({ id, data }: Job<{ events: AppEvent[] }>): Promise<void> {
  const logins = data.events.filter((event) => event.type === 'user.login');
  await Promise.all(chunksOf(logins, variant.tokensACall).map(bind));
  await redis.set(`done:${id}`, 1, 'EX', 3600);
  count(data.events.length);
}

const server = fastify();
server.removeAllContentTypeParsers();
server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, next) => next(null, body));
server.post<{ Body: Buffer }>(EVENTS_PATH, async ({ headers, body }, reply) => {
  const flat = Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, `${value}`]));
  const id = idOf(flat, body);
  if (id === undefined) return reply.code(401).send();
  const read = readAppEvents(JSON.parse(body.toString()));
  if ('issues' in read) return reply.code(400).send(read.issues);
  await enqueue(id, read.events);
  return reply.code(202).send({ id });
});

new Worker(name, work, { connection, concurrency: variant.concurrency });
process.on('disconnect', () => process.exit());
process.send?.(await server.listen({ host: LOOPBACK, port: 0 }));
