import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/keycloak.ts';
import { keycloak } from '../../local/providers/keycloak.ts';
import { present } from '../sim/random.ts';
import { OTHER_SECRET, providerWorld, SECRET } from '../world/providers.ts';

const PAYLOAD = present(keycloak.events['admin.USER-DELETE'])({ account: 'a1', session: 's1', now: new Date() });
const BODY = JSON.stringify(PAYLOAD);
const signed = (secret: string, algorithm = 'sha256', body = BODY) =>
  createHmac(algorithm, secret).update(body).digest('hex');

test.each<[string, string | undefined, number]>([
  ['the right signature', signed(SECRET), 200],
  ['the right signature in capitals', signed(SECRET).toUpperCase(), 200],
  ['no signature', undefined, 401],
  ['an empty signature', '', 401],
  ['a signature with another secret', signed(OTHER_SECRET), 401],
  ['a signature of another body', signed(SECRET, 'sha256', `${BODY} `), 401],
  ['a signature with SHA-1', signed(SECRET, 'sha1'), 401],
  ['the beginning of the signature', signed(SECRET).slice(0, -2), 401],
  ['the signature in base64', Buffer.from(signed(SECRET), 'hex').toString('base64'), 401],
  ['a repeated header', `${signed(SECRET)}, ${signed(SECRET)}`, 401],
])('%s is accepted or refused as it must be', async (_, signature, expected) => {
  const world = providerWorld(kind, keycloak, {});
  const headers = signature === undefined ? {} : { 'X-Keycloak-Signature': signature };
  const { status } = await world.send(PAYLOAD, { request: { headers, body: BODY } });
  expect([status, world.queued.length]).toEqual([expected, expected === 200 ? 2 : 0]);
});

test('a bearer of the realm in place of a signature is refused', async () => {
  const request = { headers: { authorization: 'Bearer e30.e30.' } };
  expect(await providerWorld(kind, keycloak, {}).send(PAYLOAD, { request })).toMatchObject({ status: 401 });
});
