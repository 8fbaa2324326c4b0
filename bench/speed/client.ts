import type { AwsClient, Service } from '../../functions/aws/calls.ts';
import { awsClient } from '../../functions/aws/client.ts';
import { acceptInto } from '../../functions/aws/queues.ts';
import { dynamodbRegistryStore, READS, registryIn } from '../../functions/aws/registry-store.ts';
import { eventsHandler } from '../../functions/events/handler.ts';
import { reachesOf } from '../../functions/events/source.ts';
import { httpDoor } from '../../functions/lambda/http.ts';
import { overSdk } from '../../test/aws/sdk-client.ts';
import type { Bench, Group } from '../group.ts';
import { CONFIGURATION, EVENTS_PATH, posted, SOURCE_KEY, signed } from '../installation.ts';
import { type Cost, interleaved } from '../measure.ts';
import { atMost, type Row, row } from '../report.ts';
import { loginBody } from '../sample-events.ts';
import { forgetfulQueue } from '../stub/stub.ts';
import { callDoor, type HttpDoor, jsonLog } from './doors.ts';

/** The events door until an event is applied, with the clients that `of` makes. AWS answers at once. */
function doorOver(of: <S extends Service>(service: S) => AwsClient<S>, queueUrl: string): HttpDoor {
  const table = { client: of('dynamodb'), name: 'empty' };
  return httpDoor(
    eventsHandler({
      reaches: reachesOf(CONFIGURATION),
      keysOf: () => Promise.resolve([SOURCE_KEY]),
      accept: acceptInto(queueUrl, registryIn(table, READS.events), of('sqs')),
      store: dynamodbRegistryStore(table),
      now: Date.now,
    }),
    jsonLog,
  );
}

/** Our AWS client beside the SDK: one call, and the whole door. It stays only while the single event meets its goal. */
export const client: Group = async (bench) => ({
  rows: [await callRow(bench), await doorRow(bench, 1), await doorRow(bench, 20)],
});

async function callRow({ stub, effort }: Bench): Promise<Row> {
  const [ours, sdk] = [awsClient('sqs'), overSdk('sqs')];
  const input = { QueueUrl: forgetfulQueue(stub), MessageBody: 'x'.repeat(600) };
  const calls = { ours: () => ours.call('SendMessage', input), sdk: () => sdk.call('SendMessage', input) };
  const cost = await interleaved(calls, effort);
  sdk.close();
  return row({ name: 'SendMessage, our client / SDK', unit: 'µs CPU/call', ...inUs(cost.ours, cost.sdk, 1) });
}

async function doorRow({ stub, effort }: Bench, events: number): Promise<Row> {
  const queueUrl = forgetfulQueue(stub);
  const body = loginBody(events);
  const event = posted(EVENTS_PATH, body, signed(body));
  const [ours, sdk] = [doorOver(awsClient, queueUrl), doorOver(overSdk, queueUrl)];
  const cost = await interleaved({ ours: () => callDoor(ours, event), sdk: () => callDoor(sdk, event) }, effort);
  const name = `events door, ${events} a request: until applied / the same on the SDK`;
  const figures = { name, unit: 'µs CPU/event', ...inUs(cost.ours, cost.sdk, events) };
  return events === 1 ? row(figures, atMost(0.6)) : row(figures);
}

const inUs = (ours: Cost, sdk: Cost, events: number) => ({ ours: ours.cpuUs / events, reference: sdk.cpuUs / events });
