import type { Message } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, Context, SQSEvent } from 'aws-lambda';
import { signedHeaders } from '../cli/signature.ts';
import { Configuration } from '../functions/core/configuration.ts';
import { remainingIn } from '../local/batch-response.ts';
import { loadDoors } from '../local/doors.ts';
import { setVariables } from '../local/environment.ts';
import { NAMES } from '../local/resources.ts';
import { eventOf } from '../local/sqs-event.ts';
import { type Cloud, createQueue, createTable } from './cost-cloud.ts';
import { type Deployment, receive, remove, SECRET } from './cost-deployment.ts';
import type { MixEvent } from './cost-mix.ts';

const CONFIGURATION = Configuration.parse({
  apps: [{ id: 'shop', dialect: 'xg', platform: 'android' }],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['shop'] }],
});

/** What Secrets Manager has. */
export const SECRETS = { 'bindery/sources/web': SECRET };

/** All that the functions look at. */
const CONTEXT = { getRemainingTimeInMillis: () => 10_000 } as Context;

/**
 * The deployed functions in this process, behind what Lambda's event source mapping asks of the queue. The worker comes
 * after the door, as the queue's delay has it, or at the same time, as it would without.
 */
export async function ours(cloud: Cloud): Promise<Deployment & { readonly withoutDelay: Deployment }> {
  const [operations, parked] = [await createQueue(cloud, 'operations'), await createQueue(cloud, 'parked')];
  await createTable(NAMES.table);
  const queues = { operations: { url: operations, arn: '' }, parked: { url: parked, arn: '' }, mirrors: new Map() };
  setVariables(CONFIGURATION, queues, { apps: { shop: SECRET }, sources: { web: SECRET }, pseudonyms: SECRET });
  const { http, apply } = await loadDoors(false);
  const door = async (events: readonly MixEvent[]) => {
    cloud.count({ apiRequests: 1 });
    const { statusCode, body } = await cloud.invoke(() => http.events.handler(requestOf(events), CONTEXT));
    // The embedded table can take longer than the door's second: what is under way then ends before the rest goes on.
    if (statusCode === 202) await cloud.quiet();
    else if (statusCode !== 200) throw new Error(`events answered ${statusCode}: ${body}`);
  };
  const worker = async () => {
    // A long poll ends as soon as there is one message: where requests come one by one, no receive finds a second.
    const messages: Message[] = await receive(cloud, operations, 1);
    const event: SQSEvent = eventOf(messages, '');
    const response = await cloud.invoke(() => apply.handler(event, CONTEXT));
    const ids = event.Records.map(({ messageId }) => messageId);
    if (ids.length === 0 || remainingIn(response, ids).length > 0) throw new Error('a message was not applied');
    await remove(cloud, operations, messages);
  };
  let waiting = 0;
  return {
    send: async (events) => {
      await door(events);
      waiting++;
    },
    settle: async () => {
      for (; waiting > 0; waiting--) await worker();
    },
    withoutDelay: {
      send: async (events) => {
        await Promise.all([door(events), worker()]);
      },
      settle: async () => {},
    },
  };
}

function requestOf(events: readonly MixEvent[]): APIGatewayProxyEventV2 {
  const body = JSON.stringify(events.length === 1 ? events[0] : events);
  const headers = signedHeaders(SECRET, { id: events[0]?.id ?? '', body, now: new Date() });
  const requestContext = { requestId: crypto.randomUUID(), http: { method: 'POST', path: '/events/web' } };
  // A gateway sets more than this; the doors read nothing else.
  return {
    version: '2.0',
    rawPath: '/events/web',
    headers,
    requestContext,
    body,
    isBase64Encoded: false,
  } as Partial<APIGatewayProxyEventV2> as APIGatewayProxyEventV2;
}
