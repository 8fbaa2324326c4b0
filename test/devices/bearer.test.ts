import { createPublicKey } from 'node:crypto';
import { exportSPKI, type JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { AUDIENCE, codeOf, detailOf, NOW, NOW_S, ticketOf, world } from '../world/devices.ts';
import type { Json } from '../world/events.ts';
import { issuerOf } from '../world/issuer.ts';

const DAY_S = 86_400;

test.each([
  ['issued more than 5 seconds in the future', { iat: NOW_S + 6 }, 'is not valid yet ("iat"): the clock'],
  ['valid only later', { nbf: NOW_S + 6 }, 'is not valid yet ("nbf"): the clock'],
  ['that has expired', { iat: NOW_S - 100, exp: NOW_S - 6 }, 'has expired ("exp")'],
  ['that lives longer than 24 hours', { exp: NOW_S + DAY_S + 1 }, 'lives too long, from "iat" to "exp"'],
  ['without a time of issue', { iat: undefined }, 'has no claim "iat"'],
  ['without an end', { exp: undefined }, 'has no claim "exp"'],
  ['without an audience', { aud: undefined }, 'has no claim "aud"'],
  ['for another audience', { aud: ['another', 'others'] }, 'has another "aud"'],
  ['whose time is a text', { iat: '1' }, 'has a claim "iat" that is not a number'],
  ['without an account', { sub: undefined }, 'has no account in the claim "sub"'],
  ['whose account is a number', { sub: 12345 }, 'has no account in the claim "sub"'],
  ['whose account is "null"', { sub: 'null' }, 'has no account in the claim "sub"'],
  ['whose account is too long', { sub: 'x'.repeat(256) }, 'has no account in the claim "sub"'],
  ['whose session is a number', { sid: 5 }, 'has a claim "sid" that is not a text'],
  ['whose session is empty', { sid: '' }, 'has a claim "sid" that is not a text'],
  ['that is a logout token', { events: {} }, 'is a JWT of another kind'],
  ['that is bound to a key', { cnf: { jkt: 'x' } }, 'is bound to a key ("cnf")'],
])('a bearer %s is refused', async (_, claims, fault) => {
  const { signIn, bearerOf, queued } = await world();
  const reply = await signIn(await bearerOf(claims));
  expect(codeOf(reply)).toBe('401 invalid_token');
  expect(detailOf(reply)).toContain(`identity "main": the bearer ${fault}`);
  expect(queued).toEqual([]);
});

test.each([
  ['5 seconds ahead of our clock', { iat: NOW_S + 5 }],
  ['expired for less than 5 seconds', { iat: NOW_S - 100, exp: NOW_S - 4 }],
  ['of 24 hours', { exp: NOW_S + DAY_S }],
  ['with several audiences', { aud: ['another', AUDIENCE] }],
  ['with a session that is null', { sid: null }],
])('a bearer %s is taken', async (_, claims) => {
  const { signIn, bearerOf } = await world();
  expect((await signIn(await bearerOf(claims))).status).toBe(200);
});

test.each(['logout+jwt', 'application/secevent+jwt', 'dpop+jwt'])(
  'a JWT of the type %s is no bearer, although the provider signed it',
  async (typ) => {
    const { signIn, bearerOf } = await world();
    expect(detailOf(await signIn(await bearerOf({}, { typ })))).toContain('is a JWT of another kind');
  },
);

test('an access token as RFC 9068 names it is a bearer', async () => {
  const { signIn, bearerOf } = await world();
  expect((await signIn(await bearerOf({}, { typ: 'at+jwt' }))).status).toBe(200);
});

test('a bearer of another issuer is refused, and the answer names the identities of the app', async () => {
  const { signIn, bearerOf, queued } = await world();
  const reply = await signIn(await bearerOf({ iss: 'https://evil.example' }));
  expect(codeOf(reply)).toBe('401 invalid_token');
  expect(detailOf(reply)).toBe('the bearer\'s "iss" is the issuer of no identity of this app, which has "main"');
  expect(queued).toEqual([]);
});

test('a bearer of an identity of other apps is refused', async () => {
  const { signIn, bearerOf } = await world();
  const reply = await signIn(await bearerOf(), {}, { app: 'mute' });
  expect(detailOf(reply)).toBe('the bearer\'s "iss" is the issuer of no identity of this app');
});

test('a bearer that another key signed in the name of the issuer is refused', async () => {
  const { signIn, bearerOf, issuer, queued } = await world();
  const other = await issuerOf(issuer.issuer);
  const reply = await signIn(await bearerOf({}, {}, other));
  expect(detailOf(reply)).toBe('identity "main": the bearer has a signature that does not match');
  // Its own key in the header changes nothing.
  const withKey = await bearerOf({}, { jwk: other.jwk, kid: 'key-1' }, other);
  expect(codeOf(await signIn(withKey))).toBe('401 invalid_token');
  expect(queued).toEqual([]);
});

describe('confusion of algorithms', () => {
  const unsigned = (header: Json, claims: Json) =>
    [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const claims = { iss: 'https://id.example', aud: AUDIENCE, sub: 'alice', iat: NOW_S, exp: NOW_S + 60 };

  test.each(['none', 'None', 'NONE', ''])('a bearer with the algorithm %j is refused', async (alg) => {
    const { signIn, queued } = await world();
    for (const signature of ['', 'AAAA'])
      expect(codeOf(await signIn(`${unsigned({ alg }, claims)}.${signature}`))).toBe('401 invalid_token');
    expect(queued).toEqual([]);
  });

  test("a bearer whose HMAC has the provider's public key as its secret is refused, in every form of that key", async () => {
    const rsa = await issuerOf('https://id.example', { alg: 'RS256' });
    const { signIn, queued } = await world({ identity: { jwks: rsa.jwks } });
    const pem = await exportSPKI(rsa.publicKey);
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    const pkcs1 = createPublicKey(pem).export({ type: 'pkcs1', format: 'pem' });
    const forms = [pem, pem.trim(), pkcs1, JSON.stringify(rsa.jwk), JSON.stringify(rsa.jwks), rsa.jwk.n ?? ''];
    for (const form of [der, ...forms.map((text) => Buffer.from(text))])
      for (const alg of ['HS256', 'HS384', 'HS512', 'RS256'])
        expect(codeOf(await signIn(ticketOf(claims, form, { alg, kid: 'key-1' })))).toBe('401 invalid_token');
    expect(queued).toEqual([]);
  });

  test('a symmetric key in a key set verifies nothing', async () => {
    const server = await issuerOf('https://id.example');
    const secret = Buffer.alloc(32, 7);
    const keys: JWK[] = [server.jwk, { kty: 'oct', k: secret.toString('base64url'), kid: 'shared', alg: 'HS256' }];
    const { signIn } = await world({
      identity: { jwks: 'https://id.example/keys' },
      fetch: async () => Response.json({ keys }),
    });
    for (const alg of ['HS256', 'ES256'])
      expect(codeOf(await signIn(ticketOf(claims, secret, { alg, kid: 'shared' })))).toBe('401 invalid_token');
  });

  test('a bearer with an algorithm that its identity does not have is refused', async () => {
    const { signIn, bearerOf } = await world({ identity: { algorithms: ['RS256'] } });
    expect(detailOf(await signIn(await bearerOf()))).toContain('has an algorithm that is not allowed');
  });
});

test('a name of the provider becomes an account: claim, case, prefix and type', async () => {
  const identity = { account: 'email', accountType: 3, transform: { lowerCase: true, prefix: 'id:' }, session: 'ses' };
  const { signIn, bearerOf, held, queued } = await world({ identity });
  await signIn(await bearerOf({ email: 'Alice@Example.COM', ses: 's1' }));
  expect(await held()).toEqual(['3#id:alice@example.com']);
  expect(queued).toHaveLength(1);
});

test.each(['constructor', '__proto__', 'toString'])(
  'a claim "%s" that a bearer does not have is missing',
  async (claim) => {
    const { signIn, bearerOf } = await world({ identity: { account: claim } });
    expect(detailOf(await signIn(await bearerOf()))).toContain(`has no account in the claim "${claim}"`);
  },
);

test('two identities may have one issuer: the one with its audience proves a bearer', async () => {
  const issuer = await issuerOf('https://id.example');
  const second = { id: 'second', apps: ['phone'], issuer: issuer.issuer, audience: ['web'], jwks: issuer.jwks };
  const { signIn, bearerOf, held } = await world({
    identity: { jwks: issuer.jwks },
    identities: [{ ...second, transform: { prefix: 'web:' } }],
  });
  expect((await signIn(await bearerOf({ aud: 'web' }, {}, issuer))).line).toMatchObject({ by: 'second' });
  expect(await held()).toEqual(['0#web:alice']);
  expect(detailOf(await signIn(await bearerOf({ aud: 'x' }, {}, issuer)))).toBe(
    'identity "main": the bearer has another "aud"; identity "second": the bearer has another "aud"',
  );
});

test('a bearer counts from the millisecond of its issue, or from the beginning of its second', async () => {
  const { signIn, bearerOf, state, queued } = await world();
  state.ms = NOW + 1_000;
  for (const ms of [0, 1, 29, 122, 123, 124, 500, 998, 999]) {
    await signIn(await bearerOf({ iat: (NOW + ms) / 1_000 }), { token: `t${ms}` });
    expect(queued.at(-1)).toMatchObject({ issuedMs: NOW + ms });
  }
});

describe('a session that is not named', () => {
  /** The session of the last operation that was queued. */
  const sessionOf = ({ queued }: { queued: readonly object[] }) => `${Reflect.get(queued.at(-1) ?? {}, 'session')}`;
  const nameless = { sid: undefined };

  test('a bearer without a session has that of its login, which a refreshed bearer keeps', async () => {
    const w = await world();
    await w.signIn(await w.bearerOf({ ...nameless, auth_time: 1_700_000_000 }));
    const first = sessionOf(w);
    w.state.ms += 600_000;
    await w.signIn(await w.bearerOf({ ...nameless, auth_time: 1_700_000_000, jti: 'another' }));
    expect(sessionOf(w)).toBe(first);
    await w.signIn(await w.bearerOf({ ...nameless, auth_time: 1_700_000_001 }));
    expect(sessionOf(w)).not.toBe(first);
  });

  test('a bearer without session and login has one of its own, however its signature is written', async () => {
    const w = await world();
    const bearer = await w.bearerOf(nameless);
    await w.signIn(bearer);
    const first = sessionOf(w);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    await w.signIn(bearer);
    expect(sessionOf(w)).toBe(first);
    await w.signIn(await w.bearerOf({ ...nameless, jti: 'another' }));
    expect(sessionOf(w)).not.toBe(first);
    // The last letter of base64url has spare bits, which decoders ignore.
    const last = bearer.at(-1) ?? '';
    const twin = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[
      'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(last) ^ 1
    ];
    const reply = await w.signIn(`${bearer.slice(0, -1)}${twin}`);
    if (reply.status === 200) expect(sessionOf(w)).toBe(first);
  });
});

test.each(['', 'x', 'a.b', 'a.b.c', 'a.b.c.d.e', '..', 'e30.e30.', `${'a'.repeat(9000)}.a.a`])(
  'a bearer "%s" is no JWT',
  async (bearer) => {
    const { signIn } = await world();
    expect(codeOf(await signIn(bearer))).toBe('401 invalid_token');
  },
);

test.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'bearerx a.b.c', 'DPoP a.b.c'])(
  'the header "%s" has no bearer',
  async (authorization) => {
    const { post } = await world();
    const reply = await post('/devices/phone/sign-in', { token: 't1' }, { authorization });
    expect(codeOf(reply)).toBe('401 invalid_token');
  },
);

test('a bearer works for less than a day after it was stolen', async () => {
  const { signIn, bearerOf, state } = await world();
  const stolen = await bearerOf({ exp: NOW_S + DAY_S });
  state.ms = NOW + (DAY_S + 6) * 1000;
  expect(codeOf(await signIn(stolen))).toBe('401 invalid_token');
});
