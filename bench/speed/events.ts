import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import type { AwsClient } from '../../functions/aws/calls.ts';
import { awsClient } from '../../functions/aws/client.ts';
import { operationsQueue } from '../../functions/aws/queues.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { reachesOf } from '../../functions/events/source.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import { accepting } from '../../functions/operations/accept.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import type { Bench, Group } from '../group.ts';
import { CONFIGURATION, EVENTS_PATH, posted, SOURCE_KEY, signed } from '../installation.ts';
import { type Cost, interleaved } from '../measure.ts';
import { atMost, type Row, row } from '../report.ts';
import { loginBody } from '../sample-events.ts';
import { forgetfulQueue } from '../stub/stub.ts';
import { callDoor, type HttpDoor, jsonLog } from './doors.ts';

/** The least that any events door does with a body: check its signature and parse it. */
function verifyAndParse(headers: Record<string, string>, body: Buffer): unknown {
  const prefix = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`;
  const digest = createHmac('sha256', SOURCE_KEY).update(prefix).update(body).digest('base64');
  if (headers['webhook-signature'] !== `v1,${digest}`) throw new Error('bug: the floor computed a different signature');
  return JSON.parse(body.toString());
}

/** The deployed door up to the queue. Applying is replaced by an answer that everything is applied. */
const doorUpTo = (client: AwsClient<'sqs'>, queueUrl: string): HttpDoor =>
  httpDoor(
    eventsHandler({
      reaches: reachesOf(CONFIGURATION),
      keysOf: () => Promise.resolve([SOURCE_KEY]),
      accept: accepting({
        enqueue: operationsQueue(client, queueUrl),
        apply: async (operations) => operations.map(() => ({ kind: 'applied' })),
        withinBudget: (work) => work,
      }),
      store: memoryRegistryStore(),
      now: Date.now,
    }),
    jsonLog,
  );

/** A client that sends nothing. `operationsQueue` looks at no answer. */
const NO_CLIENT = { call: () => Promise.resolve({}) } as unknown as AwsClient<'sqs'>;

type Size = { readonly events: number; readonly goal: number };

/** `POST /events/{source}`, warm, in this process. */
export const events: Group = async (bench) => {
  const rows: Row[] = [];
  for (const size of [
    { events: 1, goal: 3 },
    { events: 100, goal: 2 },
  ])
    rows.push(...(await rowsOf(bench, size)));
  return { rows };
};

async function rowsOf({ stub, effort }: Bench, { events, goal }: Size): Promise<Row[]> {
  const body = loginBody(events);
  const headers = signed(body);
  const event = posted(EVENTS_PATH, body, headers);
  const bytes = Buffer.from(body);
  const client = awsClient('sqs');
  const QueueUrl = forgetfulQueue(stub);
  const [own, whole] = [doorUpTo(NO_CLIENT, QueueUrl), doorUpTo(client, QueueUrl)];
  const cost = await interleaved(
    {
      own: () => callDoor(own, event),
      floor: () => verifyAndParse(headers, bytes),
      whole: () => callDoor(whole, event),
      bare: () => {
        verifyAndParse(headers, bytes);
        return client.call('SendMessage', { QueueUrl, MessageBody: body });
      },
    },
    effort,
  );
  const name = `events door, ${events} a request`;
  const cpu = (ours: Cost, floor: Cost) => ({ ours: ours.cpuUs / events, reference: floor.cpuUs / events });
  const rate = ({ wallUs }: Cost) => (events * 1e6) / wallUs;
  return [
    row({ name: `${name}: own code`, unit: 'µs CPU/event', ...cpu(cost.own, cost.floor) }, atMost(goal)),
    row({ name: `${name}: until durable`, unit: 'µs CPU/event', ...cpu(cost.whole, cost.bare) }),
    row({ name: `${name}: until durable`, unit: 'events/s', ours: rate(cost.whole), reference: rate(cost.bare) }),
  ];
}
