import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/apple.ts';
import { apple as provider } from '../../local/providers/apple.ts';
import { forgeries, providerWorld } from '../world/providers.ts';

const NOW = new Date('2026-11-28T12:00:00Z');

/** The claims of a genuine notification. */
const claims = () => Object(provider.events['consent-revoked']?.({ account: 'alice', session: 's1', now: NOW }));

const world = () => providerWorld(kind, provider, { now: NOW.toISOString() });

test.each<[string, object]>([
  ['another issuer', { iss: 'https://accounts.google.com' }],
  ['the audience of another app', { aud: 'com.example.other' }],
  ['no audience', { aud: undefined }],
  ['no time of issue', { iat: undefined }],
])('a notification with %s is refused and changes nothing', async (_, changes) => {
  const { send, queued } = world();
  expect(await send({ ...claims(), ...changes })).toMatchObject({ status: 401, body: { code: 'not_signed' } });
  expect(queued).toEqual([]);
});

test('a notification without a signature, or with that of a secret or of an unknown key, changes nothing', async () => {
  const tokens = [...(await forgeries(claims())), '', null];
  for (const payload of tokens) {
    const { send, queued } = world();
    const reply = await send({}, { request: { body: JSON.stringify({ payload }) } });
    expect([payload, reply.status, queued]).toEqual([payload, 401, []]);
  }
});

test('the issuer and the keys are those of Apple if the options name none', () => {
  expect(kind.options.safeParse({ audience: ['com.example.app'] }).data).toMatchObject({
    issuer: 'https://appleid.apple.com',
    jwks: 'https://appleid.apple.com/auth/keys',
  });
});

test('a copy of a notification makes the same operations', async () => {
  const { send, queued } = world();
  const same = claims();
  for (const _ of ['first', 'copy']) expect((await send(same)).status).toBe(200);
  expect(queued.slice(2)).toEqual(queued.slice(0, 2));
});
