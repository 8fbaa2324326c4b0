import { describe, expect, test } from 'vitest';
import { meterDynamodb } from '../../bench/cost/meter/dynamodb.ts';
import { meterSqs } from '../../bench/cost/meter/sqs.ts';
import { APART, mixOf } from '../../bench/cost/mix.ts';
import { dollarsPerMillion, NO_UNITS, perThousand, sum, total } from '../../bench/cost/units.ts';
import { chunksOf } from '../../functions/core/parallel.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a call through a meter counted, where the service behind it answers so. */
const counted = async (metered: typeof meterSqs, action: string, input: Json, body: Json, status = 200) => {
  let units = NO_UNITS;
  const asked: Json[] = [];
  const forward = async (_: string, json: Json) => {
    asked.push(json);
    return { status, body };
  };
  await metered(action, input, forward, (more) => {
    units = sum(units, more);
  });
  return { units, asked };
};

describe('DynamoDB is billed', () => {
  test('by what it says each call consumed', async () => {
    const body = { ConsumedCapacity: { CapacityUnits: 2 } };
    const { units, asked } = await counted(meterDynamodb, 'PutItem', { TableName: 't' }, body);
    expect(units.writeUnits).toBe(2);
    expect(asked).toEqual([{ TableName: 't', ReturnConsumedCapacity: 'TOTAL' }]);
  });

  test('for a write whose condition fails', async () => {
    const body = { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' };
    expect((await counted(meterDynamodb, 'UpdateItem', {}, body, 400)).units.writeUnits).toBe(1);
  });

  test('half a unit for a question that finds nothing', async () => {
    expect((await counted(meterDynamodb, 'Query', {}, { ConsumedCapacity: {} })).units.readUnits).toBe(0.5);
  });

  test('twice for each write of a transaction', async () => {
    const TransactItems = [{ Put: { TableName: 't' } }, { Delete: { TableName: 't' } }];
    const body = { ConsumedCapacity: { CapacityUnits: 1 } };
    expect((await counted(meterDynamodb, 'TransactWriteItems', { TransactItems }, body)).units.writeUnits).toBe(4);
  });
});

describe('SQS is billed', () => {
  test('for a receive that finds nothing', async () => {
    expect((await counted(meterSqs, 'ReceiveMessage', {}, {})).units.sqsRequests).toBe(1);
  });

  test('once for a receive that waits until a message comes, however often the embedded queue is asked', async () => {
    let asked = 0;
    let units = NO_UNITS;
    const forward = async () => ({ status: 200, body: ++asked < 3 ? {} : { Messages: [{ Body: 'm' }] } });
    const reply = await meterSqs('ReceiveMessage', { WaitTimeSeconds: 20 }, forward, (more) => {
      units = sum(units, more);
    });
    expect([units.sqsRequests, asked, reply.body]).toEqual([1, 3, { Messages: [{ Body: 'm' }] }]);
  });

  test('for every 64 KB that are sent or received', async () => {
    const message = 'm'.repeat(64 * 1024 + 1);
    const sent = await counted(meterSqs, 'SendMessage', { MessageBody: message }, {});
    const received = await counted(meterSqs, 'ReceiveMessage', {}, { Messages: [{ Body: message }] });
    expect([sent.units.sqsRequests, received.units.sqsRequests]).toEqual([2, 2]);
  });
});

describe('a bill', () => {
  test('is for as long as a function takes with the share of a processor that its memory gives it', () => {
    // 1 ms of a processor an event takes 2 ms on half of one, of half a GB less a little: 1769 / 1024 GB-s in all.
    const { cpuMs } = dollarsPerMillion(
      { ...NO_UNITS, cpuMs: 1000 },
      { apiRequest: 0, memoryMb: 884.5, gbSecond: 1e-3 },
    );
    expect(cpuMs).toBeCloseTo((1769 / 1024) * 1e-3 * 1000);
  });

  test('adds up what was counted, for a million events', () => {
    const units = perThousand({ ...NO_UNITS, sqsRequests: 30, writeUnits: 20 }, 10);
    const dollars = dollarsPerMillion(units, { apiRequest: 0, memoryMb: 512, gbSecond: 0 });
    expect(total(dollars)).toBeCloseTo(3 * 0.4 + 2 * 0.625);
  });
});

describe('the mix of events', () => {
  const events = mixOf(1000, 'x', new Date(0));
  const share = (type: string) => events.filter((event) => event.type === type).length / events.length;

  test('has the shares that it says', () => {
    expect(share('user.login')).toBeCloseTo(0.68);
    expect(share('user.logout')).toBeCloseTo(0.3);
    expect(share('user.logout_everywhere')).toBeCloseTo(0.02);
  });

  test('has no two events of one phone in one request', () => {
    for (const some of chunksOf(events, 100)) {
      const phones = some.flatMap(({ data }) => data.token ?? []);
      expect(new Set(phones).size).toBe(phones.length);
    }
  });

  test('signs out only who was signed in', () => {
    const wrong = events.slice(APART).filter(({ type, data: { token = '' } }) => {
      const known = events.some((login) => login.type === 'user.login' && login.data.token === token);
      return type === 'user.logout' && !known;
    });
    expect(wrong).toEqual([]);
  });
});
