import type { Message } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, Context, SQSEvent } from 'aws-lambda';
import { signedHeaders } from '../cli/signature.ts';
import { Configuration } from '../functions/core/configuration.ts';
import { EVENT_SOURCE } from '../infra/settings.ts';
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

/** The deployed functions in this process, behind what Lambda's event source mapping asks of the queue. */
export async function ours(cloud: Cloud): Promise<Deployment> {
  const [operations, parked] = [await createQueue(cloud, 'operations'), await createQueue(cloud, 'parked')];
  await createTable(NAMES.table);
  const queues = { operations: { url: operations, arn: '' }, parked: { url: parked, arn: '' }, mirrors: new Map() };
  setVariables(CONFIGURATION, queues, { apps: { shop: SECRET }, sources: { web: SECRET }, pseudonyms: SECRET });
  const { http, apply } = await loadDoors(false);
  const deliver = async (messages: readonly Message[]) => {
    if (messages.length === 0) return;
    const event: SQSEvent = eventOf(messages, '');
    const response = await cloud.invoke(() => apply.handler(event, CONTEXT));
    const ids = event.Records.map(({ messageId }) => messageId);
    if (remainingIn(response, ids).length > 0) throw new Error('a message stayed on the queue');
    await remove(cloud, operations, messages);
  };
  const batch: Message[] = [];
  const settle = () => deliver(batch.splice(0));
  const send = async (events: readonly MixEvent[], inOneWindow: number) => {
    cloud.count({ apiRequests: 1 });
    const { statusCode, body } = await cloud.invoke(() => http.events.handler(requestOf(events), CONTEXT));
    // 202 would leave the work to the queue, and a refusal would be none.
    if (statusCode !== 200) throw new Error(`events answered ${statusCode}: ${body}`);
    // A long poll ends as soon as there is one message: at most paces no receive finds a second.
    batch.push(...(await receive(cloud, operations, EVENT_SOURCE.batchSize)));
    if (batch.length >= Math.min(inOneWindow, EVENT_SOURCE.batchSize)) await settle();
  };
  return { send, settle };
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
