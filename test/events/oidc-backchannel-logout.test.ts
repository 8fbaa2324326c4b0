import { expect, test } from 'vitest';
import { kind } from '../../functions/events/sources/oidc-backchannel-logout.ts';
import { oidcBackchannelLogout as provider } from '../../local/providers/oidc-backchannel-logout.ts';
import { forgeries, providerWorld } from '../world/providers.ts';

const NOW = new Date('2026-11-28T12:00:00Z');

/** The claims of a genuine logout token. */
const claims = () => Object(provider.events['with sid']?.({ account: 'alice', session: 's1', now: NOW }));

const world = () => providerWorld(kind, provider, { now: NOW.toISOString() });

/** Sends a form whose token is given. */
const sendToken = (logout_token: string, of = world()) =>
  of.send(claims(), { request: { body: `${new URLSearchParams({ logout_token })}` } });

const secondsAgo = (s: number) => Math.floor(NOW.getTime() / 1000) - s;

test.each<[string, object]>([
  ['another issuer', { iss: 'https://other.example' }],
  ['another audience', { aud: 'other' }],
  ['an audience that is a list without ours', { aud: ['other'] }],
  ['a token that has expired', { exp: secondsAgo(60) }],
  ['a token of 6 minutes ago that has not expired', { iat: secondsAgo(360) }],
  ['a token of a minute ahead', { iat: secondsAgo(-60) }],
  ['no time of issue', { iat: undefined }],
  ['a nonce', { nonce: 'n' }],
  ['a nonce that is null', { nonce: null }],
  ['no event', { events: undefined }],
  [
    'the event of another standard',
    { events: { 'http://schemas.openid.net/secevent/risc/event-type/account-purged': {} } },
  ],
  ['an event that is no object', { events: { 'http://schemas.openid.net/event/backchannel-logout': true } }],
  ['neither sub nor sid', { sub: undefined, sid: undefined }],
])('a logout token with %s is refused as the standard says, and changes nothing', async (_, changes) => {
  const { send, queued } = world();
  const reply = await send({ ...claims(), ...changes });
  expect(reply).toMatchObject({
    status: 400,
    body: { error: 'invalid_request', error_description: expect.any(String) },
  });
  expect(reply.line).toMatchObject({ outcome: 'refused', reason: 'not_signed', fault: expect.any(String) });
  expect(queued).toEqual([]);
});

test('a token without a signature, or with that of a secret or of an unknown key, changes nothing', async () => {
  for (const token of await forgeries(claims())) {
    const of = world();
    expect([(await sendToken(token, of)).status, of.queued]).toEqual([400, []]);
  }
});

test('a token that names a session and no user is answered 200 and changes nothing', async () => {
  const { send, queued } = world();
  expect(await send({ ...claims(), sub: undefined })).toMatchObject({ status: 200, line: { ignored_no_account: 1 } });
  expect(queued).toEqual([]);
});

test('a token may have several audiences and a list of them may be ours in part', async () => {
  expect((await world().send({ ...claims(), aud: ['other', 'bindery'] })).status).toBe(200);
});

test('an issuer whose keys cannot be read is asked to send again', async () => {
  const source = { options: { jwks: 'https://issuer.bindery.invalid/keys' } };
  const { send, queued } = providerWorld(kind, provider, { source, now: NOW.toISOString() });
  expect(await send(claims())).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { error: 'temporarily_unavailable' },
  });
  expect(queued).toEqual([]);
});
