import { setTimeout } from 'node:timers/promises';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, SQSEvent } from 'aws-lambda';
import { QUEUE_CLIENT } from '../../functions/aws/client.ts';
import { operationsQueue, postponeIn } from '../../functions/aws/queues.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { reachesOf } from '../../functions/events/source.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import type { Delivery } from '../../functions/lambda/message.ts';
import { sqsDoor } from '../../functions/lambda/sqs.ts';
import { accepting } from '../../functions/operations/accept.ts';
import { applyMessages } from '../../functions/operations/messages.ts';
import { EVENT_SOURCE } from '../../infra/settings.ts';
import { startEventSource } from '../../local/lambda/event-source.ts';
import { startHttpFront } from '../../local/lambda/http.ts';
import { type Doors, loadDoors } from '../../local/lambda/invoke.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import { CONFIGURATION, CONTEXT, SOURCE_KEY } from '../installation.ts';
import { jsonLog, quietConsole, setEnvironment } from '../speed/doors.ts';
import { countDone } from './progress.ts';

/**
 * Bindery in the comparison with the peer, as a process of its own: the doors behind an HTTP server and the worker behind
 * a poller, with the stub's queue and table. With `memory` the registry is in memory, which leaves the work that the peer
 * does too. Sends its URL, and counts messages that are applied.
 */
const [url = '', registry] = process.argv.slice(2);
const queue = `${url}/000000000000/kept-${process.pid}`;
setEnvironment({ url }, 'kept', queue);
quietConsole();

const client = new SQSClient(QUEUE_CLIENT);
const doors = await loadDoors(false);
const running = registry === 'memory' ? withoutTable(doors) : doors;
const count = countDone();
const invoke = async (event: SQSEvent) => {
  const response = await running.apply.handler(event, CONTEXT);
  count(event.Records.length);
  return response;
};
const front = await startHttpFront(running.http, 0);
// The default client, because a poll waits longer than the timeout of the functions' clients.
startEventSource({
  client: new SQSClient(),
  queue: { url: queue, arn: 'arn:aws:sqs:us-east-1:000000000000:operations' },
  invoke,
  // No batching window: the peer has none.
  numbers: EVENT_SOURCE,
});

process.on('disconnect', () => process.exit());
process.send?.(front.url);

/** Replaces the registry of the doors by one in memory. */
function withoutTable({ http, apply, ...others }: Doors): Doors {
  const ports = { store: memoryRegistryStore(new Map()), now: Date.now, pause: (ms: number) => setTimeout(ms) };
  const accept = accepting({
    enqueue: operationsQueue(client, queue, 1),
    apply: (operations) => applyAll(ports, operations, { answers: true }),
    withinBudget: (work) => work,
  });
  const keysOf = () => Promise.resolve([SOURCE_KEY]);
  const events = eventsHandler({
    reaches: reachesOf(CONFIGURATION),
    keysOf,
    accept,
    store: ports.store,
    now: Date.now,
  });
  const park = () => Promise.reject(new Error('bug: a message was parked'));
  const settle = (deliveries: readonly Delivery[]) =>
    applyMessages(
      { apply: (operations) => applyAll(ports, operations), park },
      deliveries.map(({ body }) => body),
    );
  const worker = sqsDoor({
    stage: 'apply',
    settle,
    postpone: postponeIn(client, [queue]),
    log: jsonLog,
  });
  return {
    ...others,
    http: { ...http, events: { ...http.events, handler: httpDoor(events, jsonLog) } },
    apply: { ...apply, handler: (event: SQSEvent, context: Context) => worker(event, context) },
  };
}
