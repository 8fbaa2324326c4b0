import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { codeOf, detailOf, NOW, world } from '../world/devices.ts';
import type { Json } from '../world/events.ts';
import { documentServer, issuerOf } from '../world/issuer.ts';

let server: Awaited<ReturnType<typeof documentServer>>;
beforeEach(async () => {
  server = await documentServer();
});
afterEach(() => {
  server.close();
  vi.restoreAllMocks();
});

/** A door whose provider publishes its keys on the server. `keys`: publishes these from now on. */
async function published(identity: Json = {}) {
  const issuer = await issuerOf('https://id.example', { kid: 'first' });
  const next = await issuerOf('https://id.example', { kid: 'next' });
  const w = await world({ identity: { jwks: `${server.url}/keys`, ...identity }, fetch });
  const keys = (...issuers: (typeof issuer)[]) => server.serve({ '/keys': { keys: issuers.map(({ jwk }) => jwk) } });
  keys(issuer);
  return {
    ...w,
    issuer,
    next,
    keys,
    /** Signs in with a bearer that one of the two signed. */
    by: async (signer = issuer) => w.signIn(await w.bearerOf({}, {}, signer)),
  };
}

test('keys are read once for ten minutes of bearers', async () => {
  const { by, state } = await published();
  for (const ms of [0, 1, 599_998]) {
    state.ms += ms;
    expect((await by()).status).toBe(200);
  }
  expect(server.asked).toEqual(['/keys']);
  state.ms += 1;
  await by();
  expect(server.asked).toHaveLength(2);
});

test('the connection to a provider is not kept: it could be lost while Lambda freezes the function', async () => {
  const { by, issuer } = await published();
  const connections: unknown[] = [];
  server.state.answer = ({ headers }, response) => {
    connections.push(headers.connection);
    response.end(JSON.stringify(issuer.jwks));
  };
  expect((await by()).status).toBe(200);
  expect(connections).toEqual(['close']);
});

test('bearers that come together wait for one reading of the keys', async () => {
  const { by } = await published();
  const replies = await Promise.all(Array.from({ length: 10 }, () => by()));
  expect(replies.every(({ status }) => status === 200)).toBe(true);
  expect(server.asked).toEqual(['/keys']);
});

test('a bearer with a new key has the keys read again, once in 30 seconds and no more', async () => {
  const { by, issuer, next, keys, state } = await published();
  const stranger = await issuerOf('https://id.example', { kid: 'stranger' });
  await by();
  for (let i = 0; i < 5; i += 1) {
    const reply = await by(stranger);
    expect(codeOf(reply)).toBe('401 invalid_token');
    expect(detailOf(reply)).toContain('names a key ("kid", "alg") that is not published');
  }
  expect(server.asked).toHaveLength(1);
  keys(issuer, next);
  state.ms += 30_000;
  expect((await by(next)).status).toBe(200);
  expect((await by()).status).toBe(200);
  expect(server.asked).toHaveLength(2);
  await Promise.all(Array.from({ length: 20 }, () => by(stranger)));
  expect(server.asked).toHaveLength(2);
});

test('a key that the provider has withdrawn is not taken any more after ten minutes', async () => {
  const { by, next, keys, state } = await published();
  await by();
  keys(next);
  state.ms += 600_000;
  expect(codeOf(await by())).toBe('401 invalid_token');
  expect((await by(next)).status).toBe(200);
});

test('known keys stay in use for a day while the provider does not answer', async () => {
  const { by, next, state } = await published();
  await by();
  server.state.answer = (_, response) => response.destroy();
  state.ms += 86_400_000 - 1;
  expect((await by()).status).toBe(200);
  // Its key may be published, and nothing here can know.
  expect(codeOf(await by(next))).toBe('503 unavailable');
  state.ms += 1;
  expect(codeOf(await by())).toBe('503 unavailable');
});

test('a bearer gets 503 while no key is known, and the provider is asked every 5 seconds', async () => {
  const { by, issuer, keys, state, queued } = await published();
  server.state.answer = (_, response) => response.writeHead(500).end();
  for (let i = 0; i < 3; i += 1) {
    const reply = await by();
    expect(codeOf(reply)).toBe('503 unavailable');
    expect(reply.headers?.['retry-after']).toBe('5');
    expect(reply.line).toMatchObject({ outcome: 'unavailable', reason: 'keys of the issuer: status 500' });
  }
  expect(server.asked).toHaveLength(1);
  expect(queued).toEqual([]);
  keys(issuer);
  state.ms += 5_000;
  expect((await by()).status).toBe(200);
});

test.each([
  ['of no JSON', '{'],
  ['without keys', '{"kty":"RSA"}'],
  ['whose keys are no objects', '{"keys":[5]}'],
  ['that is empty', ''],
])('a document %s is no key set', async (_, text) => {
  const { by } = await published();
  server.state.answer = (_request, response) => response.writeHead(200).end(text);
  expect(codeOf(await by())).toBe('503 unavailable');
});

test('a redirect to other keys is not followed', async () => {
  const { by, issuer } = await published();
  const other = await documentServer();
  other.serve({ '/keys': issuer.jwks });
  server.state.answer = (_, response) => response.writeHead(302, { location: `${other.url}/keys` }).end();
  const reply = await by();
  expect(codeOf(reply)).toBe('503 unavailable');
  expect(reply.line).toMatchObject({ reason: 'keys of the issuer: status 302' });
  expect(other.asked).toEqual([]);
  other.close();
});

test('a document without an end is read up to 256 KiB', async () => {
  const { by } = await published();
  let sent = 0;
  server.state.answer = (_, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(16 * 1024, ' '))) sent += 16 * 1024;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
  const reply = await by();
  expect(reply.line).toMatchObject({ reason: 'keys of the issuer: too long' });
  expect(sent).toBeLessThan(16 * 1024 * 1024);
});

test.each([
  ['never answers', () => {}],
  ['stops within its answer', (response: { write: (text: string) => unknown }) => response.write('{"keys":')],
])('a provider that %s costs a phone 3 seconds at most', async (_, answer) => {
  const { timeout } = AbortSignal;
  const limit = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => timeout(50));
  const { by } = await published();
  server.state.answer = (_request, response) => answer(response);
  const reply = await by();
  expect(codeOf(reply)).toBe('503 unavailable');
  expect(reply.line).toMatchObject({ reason: 'keys of the issuer: TimeoutError' });
  expect(limit.mock.calls).toEqual([[3_000]]);
});

test('a bearer that names keys of its own is never followed', async () => {
  const { signIn, bearerOf, issuer } = await published();
  const evil = await issuerOf('https://id.example', { kid: 'first' });
  const other = await documentServer();
  other.serve({ '/keys': evil.jwks });
  for (const name of ['jku', 'x5u']) {
    const bearer = await bearerOf({}, { [name]: `${other.url}/keys` }, evil);
    expect(codeOf(await signIn(bearer))).toBe('401 invalid_token');
  }
  expect((await signIn(await bearerOf({}, { jku: `${other.url}/keys` }, issuer))).status).toBe(200);
  expect(other.asked).toEqual([]);
  other.close();
});

const DISCOVERY = '/.well-known/openid-configuration';

test.each(['', '/', '/realms/app'])(
  'keys are found through the discovery document of the issuer at "%s"',
  async (path) => {
    const issuer = await issuerOf(`${server.url}${path}`);
    const { signIn, bearerOf } = await world({ identity: { issuer: issuer.issuer, jwks: undefined }, fetch });
    const place = `${path.replace(/\/$/, '')}${DISCOVERY}`;
    server.serve({ [place]: { issuer: issuer.issuer, jwks_uri: `${server.url}/certs` }, '/certs': issuer.jwks });
    expect((await signIn(await bearerOf({}, {}, issuer))).status).toBe(200);
    expect(server.asked).toEqual([place, '/certs']);
  },
);

test.each([
  ['whose keys are on another host', { jwks_uri: 'http://localhost:1/keys' }, 'jwks_uri on another host'],
  ['whose keys have no URL', { jwks_uri: 5 }, 'jwks_uri on another host'],
  ['of another issuer', { issuer: 'https://evil.example' }, 'discovery of another issuer'],
])('a discovery document %s is refused', async (_, change, reason) => {
  const issuer = await issuerOf(server.url);
  const { signIn, bearerOf } = await world({ identity: { issuer: issuer.issuer, jwks: undefined }, fetch });
  server.serve({ [DISCOVERY]: { issuer: server.url, jwks_uri: `${server.url}/certs`, ...change } });
  const reply = await signIn(await bearerOf({}, {}, issuer));
  expect(codeOf(reply)).toBe('503 unavailable');
  expect(reply.line).toMatchObject({ reason: `keys of the issuer: ${reason}` });
  expect(server.asked).toEqual([DISCOVERY]);
});

test('a door with tickets asks no provider', async () => {
  const { signIn, bearerOf, state } = await published();
  state.ms = NOW;
  await signIn(await bearerOf({ iss: 'https://evil.example' }));
  await signIn('a.b.c');
  expect(server.asked).toEqual([]);
});
