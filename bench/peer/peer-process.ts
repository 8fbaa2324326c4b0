import type { Buffer } from 'node:buffer';
import { type Job, Queue, Worker } from 'bullmq';
import fastify from 'fastify';
import { Redis } from 'ioredis';
import { Webhook } from 'standardwebhooks';
import { verifiedId } from '../../functions/events/signature.ts';
import { type AppEvent, readAppEvents } from '../../functions/events/sources/standard-webhooks.ts';
import { LOOPBACK } from '../../local/listening.ts';
import { SOURCE_KEY, SOURCE_SECRET } from '../speed/deployed.ts';
import { countDone } from './progress.ts';
import { upstream } from './upstream.ts';
import { isVariant, VARIANTS } from './variants.ts';

/**
 * The usual stack for the same work, as a process of its own: Fastify verifies, validates and queues, BullMQ over Redis
 * keeps, a worker translates and binds upstream. Says its URL; counted are events that were bound.
 */
const [name, upstreamUrl = '', socket = ''] = process.argv.slice(2);
if (!isVariant(name)) throw new Error('a peer is default, tuned or smart');
const variant = VARIANTS[name];
const connection = { path: socket, maxRetriesPerRequest: null };
const queue = new Queue(name, { connection });
const redis = new Redis(connection);
const bind = upstream(upstreamUrl, variant);
const webhook = new Webhook(SOURCE_SECRET);

/** The message's id, or nothing where nobody of ours has signed it. */
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
  const calls: Promise<void>[] = [];
  for (let next = 0; next < logins.length; next += variant.tokensACall)
    calls.push(bind(logins.slice(next, next + variant.tokensACall)));
  await Promise.all(calls);
  await redis.set(`done:${id}`, 1, 'EX', 3600);
  count(data.events.length);
}

const server = fastify();
server.removeAllContentTypeParsers();
server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, next) => next(null, body));
server.post<{ Body: Buffer }>('/events/app', async ({ headers, body }, reply) => {
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
