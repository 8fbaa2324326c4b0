import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import type { AwsClient } from '../../functions/aws/calls.ts';
import { operationsQueue } from '../../functions/aws/queues.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { openSources } from '../../functions/events/source.ts';
import { kind } from '../../functions/events/sources/standard-webhooks.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import { accepting } from '../../functions/operations/accept.ts';
import { memoryRegistryStore } from '../../test/memory/registry-store.ts';
import type { Group } from '../group.ts';
import { CONFIGURATION, EVENTS_PATH, posted, SOURCE_KEY, signed } from '../installation.ts';
import { interleaved } from '../measure.ts';
import { type Row, row } from '../report.ts';
import { loginBody } from '../sample-events.ts';
import { callDoor, type HttpDoor, jsonLog } from './doors.ts';

/** The least that any events door does with a body: check its signature and parse it. */
function verifyAndParse(headers: Record<string, string>, body: Buffer): unknown {
  const prefix = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`;
  const digest = createHmac('sha256', SOURCE_KEY).update(prefix).update(body).digest('base64');
  if (headers['webhook-signature'] !== `v1,${digest}`) throw new Error('bug: the floor computed a different signature');
  return JSON.parse(body.toString());
}

/** A client that calls nothing. Of a client, `operationsQueue` uses `call` only. */
const NO_CLIENT = { call: () => Promise.resolve({}) } as unknown as AwsClient<'sqs'>;

/** The deployed door without its calls of AWS. Applying is replaced by an answer that everything is applied. */
const ownCode = (): HttpDoor =>
  httpDoor(
    eventsHandler({
      sources: openSources(CONFIGURATION, () => kind, { fetch, now: Date.now }),
      keysOf: () => Promise.resolve([SOURCE_KEY]),
      accept: accepting({
        enqueue: operationsQueue(NO_CLIENT, 'the URL of a queue'),
        apply: async (operations) => operations.map(() => ({ kind: 'applied' })),
        withinBudget: (work) => work,
      }),
      store: memoryRegistryStore(),
      now: Date.now,
    }),
    jsonLog,
  );

/** Our own part of `POST /events/{source}`, warm, in this process. It is some hundredths of what the door costs. */
export const events: Group = async ({ effort }) => {
  const rows: Row[] = [];
  for (const count of [1, 100]) {
    const body = loginBody(count);
    const headers = await signed(body);
    const [event, bytes, door] = [posted(EVENTS_PATH, body, headers), Buffer.from(body), ownCode()];
    const cost = await interleaved(
      { own: () => callDoor(door, event), floor: () => verifyAndParse(headers, bytes) },
      effort,
    );
    const figures = { ours: cost.own.cpuUs / count, reference: cost.floor.cpuUs / count };
    const name = `events door, ${count} a request: own code / HMAC and parse`;
    rows.push(row({ name, unit: 'µs CPU/event', ...figures }));
  }
  return { rows };
};
