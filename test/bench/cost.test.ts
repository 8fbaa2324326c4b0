import { expect, test } from 'vitest';
import { meterDynamodb } from '../../bench/cost/meter/dynamodb.ts';
import { meterSqs } from '../../bench/cost/meter/sqs.ts';
import { mixOf, STEADY } from '../../bench/cost/mix.ts';
import { dollarsPerMillion, NO_UNITS, perThousand, sum, total } from '../../bench/cost/units.ts';
import { chunksOf } from '../../functions/core/parallel.ts';

type Json = Readonly<Record<string, unknown>>;

/** Makes a call through a meter. Returns the units it counts, and the calls that the service gets. */
const counted = async (metered: typeof meterSqs, action: string, input: Json, body: Json, status = 200) => {
  let units = NO_UNITS;
  const calls: Json[] = [];
  const forward = async (_: string, json: Json) => {
    calls.push(json);
    return { status, body };
  };
  await metered(action, input, forward, (more) => {
    units = sum(units, more);
  });
  return { units, calls };
};

test('a call of DynamoDB counts the units that its reply reports', async () => {
  const body = { ConsumedCapacity: { CapacityUnits: 2 } };
  const { units, calls } = await counted(meterDynamodb, 'PutItem', { TableName: 't' }, body);
  expect(units.writeUnits).toBe(2);
  expect(calls).toEqual([{ TableName: 't', ReturnConsumedCapacity: 'TOTAL' }]);
});

test('a write whose condition fails counts one write unit', async () => {
  const body = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' };
  expect((await counted(meterDynamodb, 'UpdateItem', {}, body, 400)).units.writeUnits).toBe(1);
});

test('a read that finds no item counts half a read unit', async () => {
  expect((await counted(meterDynamodb, 'Query', {}, { ConsumedCapacity: {} })).units.readUnits).toBe(0.5);
});

test('each write of a transaction counts twice its units', async () => {
  const TransactItems = [{ Put: { TableName: 't' } }, { Delete: { TableName: 't' } }];
  const body = { ConsumedCapacity: { CapacityUnits: 1 } };
  expect((await counted(meterDynamodb, 'TransactWriteItems', { TransactItems }, body)).units.writeUnits).toBe(4);
});

test('a receive that finds no message counts one request', async () => {
  expect((await counted(meterSqs, 'ReceiveMessage', {}, {})).units.sqsRequests).toBe(1);
});

test('a receive that waits for a message counts one request, however often the meter polls the embedded queue', async () => {
  let polls = 0;
  let units = NO_UNITS;
  const forward = async () => ({ status: 200, body: ++polls < 3 ? {} : { Messages: [{ Body: 'm' }] } });
  const reply = await meterSqs('ReceiveMessage', { WaitTimeSeconds: 20 }, forward, (more) => {
    units = sum(units, more);
  });
  expect([units.sqsRequests, polls, reply.body]).toEqual([1, 3, { Messages: [{ Body: 'm' }] }]);
});

test('a message of more than 64 KB counts two requests to send and two to receive', async () => {
  const message = 'm'.repeat(64 * 1024 + 1);
  const sent = await counted(meterSqs, 'SendMessage', { MessageBody: message }, {});
  const received = await counted(meterSqs, 'ReceiveMessage', {}, { Messages: [{ Body: message }] });
  expect([sent.units.sqsRequests, received.units.sqsRequests]).toEqual([2, 2]);
});

test('a bill has the time that a function takes with its share of a processor', () => {
  // 1 ms of a processor an event takes 2 ms on half of one, of half a GB less a little: 1769 / 1024 GB-s in all.
  const { cpuMs } = dollarsPerMillion({ ...NO_UNITS, cpuMs: 1000 }, { apiRequest: 0, memoryMb: 884.5, gbSecond: 1e-3 });
  expect(cpuMs).toBeCloseTo((1769 / 1024) * 1e-3 * 1000);
});

test('a bill adds up the units for a million events', () => {
  const units = perThousand({ ...NO_UNITS, sqsRequests: 30, writeUnits: 20 }, 10);
  const dollars = dollarsPerMillion(units, { apiRequest: 0, memoryMb: 512, gbSecond: 0 });
  expect(total(dollars)).toBeCloseTo(3 * 0.4 + 2 * 0.625);
});

const events = mixOf(1000, 'x', new Date(0));
test.each([
  ['user.login', 0.8],
  ['user.logout', 0.18],
  ['user.logout_everywhere', 0.02],
])('the mix of events has its documented share of %s: %d', (type, share) => {
  expect(events.filter((event) => event.type === type).length / events.length).toBeCloseTo(share);
});

test('the mix of events has no two events of one phone in one request', () => {
  const phones = chunksOf(events, 100).map((some) => some.flatMap(({ data }) => data.token ?? []));
  expect(phones.filter((some) => new Set(some).size < some.length)).toEqual([]);
});

test('the mix of events has a login before every logout and every repeated login', () => {
  const bound = new Map<string | undefined, string | undefined>();
  const repeated: boolean[] = [];
  for (const [i, { type, data }] of events.entries()) {
    if (i >= STEADY && type === 'user.login') repeated.push(bound.get(data.token) === data.account);
    if (i >= STEADY && type === 'user.logout') expect(bound.get(data.token)).toBeDefined();
    if (type !== 'user.logout_everywhere') bound.set(data.token, type === 'user.login' ? data.account : undefined);
  }
  expect(repeated.filter(Boolean).length / (events.length - STEADY)).toBeCloseTo(0.44);
});
