import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/ssf.ts';
import { ssf as provider } from '../../local/providers/ssf.ts';
import { forgeries, providerWorld } from '../world/providers.ts';

const NOW = new Date('2026-11-28T12:00:00Z');
const EVENT = 'session-revoked of a session';

/** The claims of a genuine security event token. */
const claims = () => Object(provider.events[EVENT]?.({ account: 'alice', session: 's1', now: NOW }));

const world = () => providerWorld(kind, provider, { now: NOW.toISOString() });

const secondsAgo = (s: number) => Math.floor(NOW.getTime() / 1000) - s;

test.each<[string, object, string]>([
  ['another issuer', { iss: 'https://other.example' }, 'invalid_issuer'],
  ['no issuer', { iss: undefined }, 'invalid_issuer'],
  ['another audience', { aud: 'other' }, 'invalid_audience'],
  ['a list of audiences without ours', { aud: ['other'] }, 'invalid_audience'],
  ['another audience, which has expired too', { aud: 'other', exp: secondsAgo(60) }, 'invalid_audience'],
  ['a time before which it does not hold', { nbf: secondsAgo(-60), exp: secondsAgo(60) }, 'invalid_request'],
  ['no time of issue', { iat: undefined }, 'invalid_request'],
  ['no events', { events: undefined }, 'invalid_request'],
  ['events in a list', { events: ['session-revoked'] }, 'invalid_request'],
])('a token with %s is refused as the standard says, and changes nothing', async (_, changes, err) => {
  const { send, queued } = world();
  const reply = await send({ ...claims(), ...changes });
  expect(reply).toMatchObject({
    status: 400,
    headers: { 'content-language': 'en' },
    body: { err, description: expect.any(String) },
    line: { outcome: 'refused', reason: 'not_signed', fault: expect.any(String) },
  });
  expect(queued).toEqual([]);
});

test('a token without a signature, or with that of a secret or of an unknown key, changes nothing', async () => {
  for (const body of await forgeries(claims())) {
    const { send, queued } = world();
    const reply = await send(claims(), { request: { body } });
    expect([reply.status, reply.body, queued]).toEqual([400, expect.objectContaining({ err: 'invalid_key' }), []]);
  }
});

test.each(['', 'a.b', '{}', 'a.b.c.d.e', '\0.\0.\0'])('the body %j is refused: it is no signed JWT', async (body) => {
  const { send, queued } = world();
  expect(await send({}, { request: { body } })).toMatchObject({ status: 400, body: { err: 'invalid_request' } });
  expect(queued).toEqual([]);
});

test('an old token counts as of its own time, also after its end, and a copy of it makes the same operations', async () => {
  const { send, queued } = world();
  const event = Object.values(claims().events).map((one) => ({ ...Object(one), event_timestamp: secondsAgo(86_400) }));
  const events = Object.fromEntries(Object.keys(claims().events).map((uri, i) => [uri, event[i]]));
  const old = { ...claims(), iat: secondsAgo(86_390), exp: secondsAgo(60), events };
  for (const _ of ['first', 'copy'])
    expect(await send(old)).toEqual(expect.objectContaining({ status: 202, body: undefined }));
  expect(queued).toHaveLength(4);
  expect(queued.slice(2)).toEqual(queued.slice(0, 2));
});

test('an issuer whose keys cannot be read is asked to send again', async () => {
  const source = { options: { jwks: 'https://issuer.bindery.invalid/keys' } };
  const { send, queued } = providerWorld(kind, provider, { source, now: NOW.toISOString() });
  expect(await send(claims())).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  expect(queued).toEqual([]);
});
