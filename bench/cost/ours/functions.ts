import type { APIGatewayProxyEventV2, Context, SQSEvent } from 'aws-lambda';
import { signedHeaders } from '../../../cli/target.ts';
import { Configuration } from '../../../functions/core/configuration.ts';
import { NAMES, type Queue } from '../../../local/aws/resources.ts';
import { setVariables } from '../../../local/environment.ts';
import { remainingIn } from '../../../local/lambda/event-source.ts';
import { type Doors, loadDoors } from '../../../local/lambda/invoke.ts';
import { type Cloud, createQueue, createTable } from '../cloud.ts';
import { SECRET } from '../deployment.ts';
import type { MixEvent } from '../mix.ts';

export const CONFIGURATION = Configuration.parse({
  apps: [{ id: 'shop', dialect: 'xg', platform: 'android' }],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['shop'] }],
});

/** What Secrets Manager has. */
export const SECRETS = { 'bindery/sources/web': SECRET };

/** All that the functions look at. */
const CONTEXT = { getRemainingTimeInMillis: () => 10_000 } as Context;

/** The deployed functions, metered, and what is between them. */
export class Functions {
  /** Messages that were sent and not applied yet. */
  waiting = 0;
  readonly queue: Queue;
  readonly #cloud: Cloud;
  readonly #doors: Doors;
  #isLate = false;

  private constructor(cloud: Cloud, queue: Queue, doors: Doors) {
    this.#cloud = cloud;
    this.queue = queue;
    this.#doors = doors;
  }

  static async deployed(cloud: Cloud): Promise<Functions> {
    const [operations, parked] = [await createQueue(cloud, 'operations'), await createQueue(cloud, 'parked')];
    await createTable(NAMES.table);
    const queues = { operations: { url: operations, arn: '' }, parked: { url: parked, arn: '' }, mirrors: new Map() };
    setVariables(CONFIGURATION, queues, { apps: { shop: SECRET }, sources: { web: SECRET }, pseudonyms: SECRET });
    return new Functions(cloud, queues.operations, await loadDoors(false));
  }

  /** One request. */
  async door(events: readonly MixEvent[]): Promise<void> {
    this.waiting++;
    this.#cloud.count({ apiRequests: 1 });
    const { handler } = this.#doors.http.events;
    const { statusCode, body } = await this.#cloud.invoke(() => handler(requestOf(events), CONTEXT));
    // The embedded table can take longer than the door's second.
    if (statusCode === 202) this.#isLate = true;
    else if (statusCode !== 200) throw new Error(`events answered ${statusCode}: ${body}`);
  }

  /** What doors had not done when they answered ends before the rest goes on. */
  async caughtUp(): Promise<void> {
    if (this.#isLate) await this.#cloud.quiet();
    this.#isLate = false;
  }

  /** One batch. */
  async apply(event: SQSEvent): Promise<void> {
    const response = await this.#cloud.invoke(() => this.#doors.apply.handler(event, CONTEXT));
    const ids = event.Records.map(({ messageId }) => messageId);
    if (ids.length === 0 || remainingIn(response, ids).length > 0) throw new Error('a message was not applied');
    this.waiting -= ids.length;
  }
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
