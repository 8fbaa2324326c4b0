import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/okta.ts';
import { okta } from '../../local/providers/okta.ts';
import { present } from '../sim/random.ts';
import { OTHER_SECRET, providerWorld, SECRET } from '../world/providers.ts';

const PAYLOAD = present(okta.events['user.session.clear'])({ account: 'alice', session: 's1', now: new Date() });
const CHALLENGE = { 'x-okta-verification-challenge': 'c1' };

test.each<[string, string | undefined, boolean]>([
  ['the secret', SECRET, true],
  ['the secret after Bearer', `Bearer ${SECRET}`, true],
  ['no header', undefined, false],
  ['an empty header', '', false],
  ['Bearer alone', 'Bearer ', false],
  ['another secret', OTHER_SECRET, false],
  ['the beginning of the secret', SECRET.slice(0, -1), false],
  ['more than the secret', `${SECRET}x`, false],
  ['a repeated header', `${SECRET}, ${SECRET}`, false],
])('%s in authorization: events are taken and the challenge is answered, or neither is', async (_, header, isRight) => {
  const world = providerWorld(kind, okta, {});
  const headers = header === undefined ? {} : { Authorization: header };
  expect(await world.send(PAYLOAD, { request: { headers } })).toMatchObject({ status: isRight ? 200 : 401 });
  expect(world.queued.length).toBe(isRight ? 2 : 0);
  const { status, body } = await world.send('', { request: { method: 'GET', headers: { ...headers, ...CHALLENGE } } });
  expect([status, JSON.stringify(body).includes('c1')]).toEqual(isRight ? [200, true] : [401, false]);
});

test('a method that Okta does not use is refused', async () => {
  const { send } = providerWorld(kind, okta, {});
  expect(await send(PAYLOAD, { request: { method: 'PUT' } })).toMatchObject({
    status: 405,
    headers: { allow: 'POST, GET' },
  });
});
