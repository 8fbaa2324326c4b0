import { expect, test } from 'vitest';
import { query } from '../../cli/query.ts';
import { send } from '../../cli/send.ts';
import { measure, type Trial } from '../../cli/trial/measure.ts';
import { startMirrored } from '../../local/hosted/mirrored-instance.ts';
import { FAULTS } from '../../local/hosted/tasks.ts';
import { run } from '../cli/run.ts';
import { exampleConfiguration, sharedInstance } from './instance.ts';

const EVENTS = 60;
const SMALL = { events: EVENTS, seconds: 1, tokens: 20, settleS: 1, waitS: 60 };

const shared = sharedInstance(() =>
  startMirrored({
    configuration: exampleConfiguration(),
    port: 0,
    faults: FAULTS,
    delays: { usualMs: 200, lateMs: 800 },
    settleS: 1,
  }),
);

test('an instance with a hosted API describes it and names the app that is mirrored', () => {
  const { mirror, apps } = shared().instance;
  const tpns = { dialect: 'tpns', platform: 'android' };
  expect(mirror).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    app: { ...tpns, id: 'hosted', policy: 'one-per-type', secretKey: expect.stringMatching(/^\w{32}$/) },
  });
  expect(apps.flatMap(({ id, mirrored }) => (mirrored ? [id] : []))).toEqual(['tpns-android']);
});

test('a login of the mirrored app reaches the hosted API', async () => {
  await run(send, ['login', '--app', 'tpns-android', '--token', 'phone-1', '--account', 'alice'], shared());
  const hosted = async () => JSON.parse((await run(query, ['--json', '--hosted', '--token', 'phone-1'], shared())).out);
  await expect.poll(hosted, { timeout: 20_000, interval: 200 }).toMatchObject({
    reply: { retCode: 0, token_accounts: [{ token: 'phone-1', account_list: [{ account: 'alice' }] }] },
  });
});

const accepted = ({ statuses: { mirrored } }: Trial): number => (mirrored['200'] ?? 0) + (mirrored['202'] ?? 0);

test('a hosted API with faults ends with the accounts of Bindery on every token', async () => {
  const result = await measure(shared().instance, { ...SMALL, isDown: false });
  expect(accepted(result)).toBe(EVENTS);
  expect(result.different).toBe(0);
  // Coalescing alone needs a third of this at such a rate. More calls than events would be a call for each event.
  expect(result.callsPerEvent).toBeLessThan(1.3);
});

test('a hosted API that is down changes no answer: an app without a mirror gets the same', async () => {
  const { statuses } = await measure(shared().instance, { ...SMALL, isDown: true, isAwaited: false });
  expect(statuses).toMatchObject({ pairs: EVENTS, alike: EVENTS });
  for (const answers of [statuses.mirrored, statuses.unmirrored])
    expect(Object.keys(answers).filter((status) => !['200', '202'].includes(status))).toEqual([]);
});
