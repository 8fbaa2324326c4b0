import type { Buffer } from 'node:buffer';
import fastify, { type FastifyRequest } from 'fastify';
import * as z from 'zod';
import { verified } from '../../functions/events/signature.ts';
import { openSources } from '../../functions/events/source.ts';
import { kind as app, appFacts } from '../../functions/events/sources/standard-webhooks.ts';
import { translate } from '../../functions/events/translate.ts';
import { LOOPBACK } from '../../local/listening.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import { CONFIGURATION, EVENTS_PATH, SOURCE_KEY } from '../installation.ts';
import { postgresRegistry } from './postgres.ts';
import { countDone } from './progress.ts';
import { redisRegistry } from './redis.ts';
import { rowsOf } from './registry.ts';

/**
 * A server that does the same job, as a process of its own: Fastify in front of PostgreSQL or Redis. It verifies and
 * translates with our code, and applies a request of any size in one call of its store. Sends its URL, and counts events
 * that are applied.
 */
const [kind = '', where = ''] = process.argv.slice(2);
const registry = await (kind === 'redis' ? redisRegistry(where) : postgresRegistry(where));
const reach = await openSources(CONFIGURATION, () => app, { fetch, now: Date.now }).get('app');
if (reach === undefined) throw new Error('bug: the installation has no source app');
// Read by events that the peers do not have: removals from the future, token changes that name no account.
const surroundings = { reach, store: memoryRegistryStore() };
const Query = z.union([z.strictObject({ token: z.string() }), z.strictObject({ account: z.string() })]);
const count = countDone();

/** Returns the message's id if the request is signed. */
function idOf({ headers, body }: FastifyRequest<{ Body: Buffer }>): string | undefined {
  const flat = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `${value}`]));
  const verdict = verified({ headers: flat, body }, [SOURCE_KEY], Date.now());
  return 'id' in verdict ? verdict.id : undefined;
}

const server = fastify();
server.removeAllContentTypeParsers();
server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, next) => next(null, body));

server.post<{ Body: Buffer }>(EVENTS_PATH, async (request, reply) => {
  const id = idOf(request);
  if (id === undefined) return reply.code(401).send();
  const message = { id, body: JSON.parse(request.body.toString()) };
  const facts = appFacts(message, reach);
  if ('refused' in facts) return reply.code(400).send(facts);
  const read = await translate(facts.facts, { ...surroundings, nowMs: Date.now() });
  if ('refused' in read) return reply.code(400).send(read.issues);
  await registry.apply(rowsOf(read.events.flatMap(({ operations }) => operations)));
  count(read.events.length);
  return { outcome: 'applied', events: read.events.map((event) => ({ id: event.id, outcome: 'applied' })) };
});

server.post<{ Body: Buffer }>('/query', async (request, reply) => {
  if (idOf(request) === undefined) return reply.code(401).send();
  const query = Query.parse(JSON.parse(request.body.toString()));
  return 'token' in query ? registry.accountsOf('shop', query.token) : registry.tokensOf('shop', query.account);
});

process.on('disconnect', () => process.exit());
process.send?.(await server.listen({ host: LOOPBACK, port: 0 }));
