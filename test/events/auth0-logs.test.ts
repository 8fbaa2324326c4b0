import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/auth0-logs.ts';
import { auth0Logs } from '../../local/providers/auth0-logs.ts';
import { present } from '../sim/random.ts';
import { OTHER_SECRET, providerWorld, SECRET } from '../world/providers.ts';

const PAYLOAD = present(auth0Logs.events['sdu'])({ account: 'auth0|1', session: 's1', now: new Date() });

test.each<[string, Record<string, string>, number]>([
  ['the secret', { Authorization: SECRET }, 200],
  ['the secret after Bearer', { authorization: `bearer ${SECRET}` }, 200],
  ['no header', {}, 401],
  ['another secret', { authorization: OTHER_SECRET }, 401],
  ['a repeated header', { authorization: `${SECRET}, ${SECRET}` }, 401],
])('a log with %s is answered as it must be', async (_, headers, expected) => {
  const world = providerWorld(kind, auth0Logs, {});
  const { status } = await world.send(PAYLOAD, { request: { headers } });
  expect([status, world.queued.length]).toEqual([expected, expected === 200 ? 2 : 0]);
});

test.each<[string, string]>([
  ['text', 'no log'],
  ['nothing', ''],
  ['lines without one in JSON', '{\n{\n'],
])('a body of %s is not JSON', async (_, body) => {
  expect(await providerWorld(kind, auth0Logs, {}).send(PAYLOAD, { request: { body } })).toMatchObject({ status: 400 });
});

test('a batch of a megabyte is taken', async () => {
  const batch = Array.from({ length: 400 }, () => ({
    log_id: '1',
    data: { type: 's', description: 'x'.repeat(3000) },
  }));
  expect(await providerWorld(kind, auth0Logs, {}).send(batch)).toMatchObject({
    status: 200,
    body: { ignored: { other_type: 400 } },
  });
});
