import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { codeOf, detailOf, NOW, NOW_S, SECRETS, ticketOf, world } from '../world/devices.ts';
import { signedHeaders } from '../world/signer.ts';

test('a ticket that the backend signed with its webhook secret signs a phone in', async () => {
  const { signIn, held } = await world();
  const reply = await signIn(ticketOf({ iss: 'auth' }));
  expect(reply.line).toMatchObject({ by: 'auth', outcome: 'applied' });
  expect(await held()).toEqual(['7#alice']);
  await signIn(ticketOf({ sub: 'bob', account_type: 2, sid: undefined }));
  expect(await held()).toEqual(['2#bob']);
});

test('the code of docs/phone.md makes a ticket', async () => {
  const page = readFileSync(new URL('../../docs/phone.md', import.meta.url), 'utf8');
  const [, code = ''] = /```ts\n(import \{ SignJWT[\s\S]*?)```/.exec(page) ?? [];
  const script = stripTypeScriptTypes(code)
    .replace(/^import.*$/m, '')
    .replace('export const ticketFor =', 'return');
  const env = { BINDERY_SECRET: SECRETS[0] };
  const ticketFor = new Function('SignJWT', 'process', 'Date', script)(SignJWT, { env }, Date);
  const { signIn, held, state } = await world({
    sources: [{ ...(await world()).ports.sources[0], id: 'app' }] as never,
  });
  state.ms = Date.now();
  expect((await signIn(await ticketFor('alice', 'session-a'))).line).toMatchObject({ by: 'app' });
  expect(await held()).toEqual(['7#alice']);
});

test('a ticket signed by an older secret that still is live signs a phone in', async () => {
  const { signIn } = await world();
  expect((await signIn(ticketOf({}, SECRETS[1]))).status).toBe(200);
});

test('a webhook secret of 24 bytes, the shortest that Standard Webhooks allows, signs a ticket', async () => {
  const secret = `whsec_${Buffer.alloc(24, 5).toString('base64')}`;
  const { signIn } = await world({ keysOf: async () => [webhookKey(secret)] });
  expect((await signIn(ticketOf({}, secret))).status).toBe(200);
});

test.each([
  ['older than 60 seconds', { iat: NOW_S - 66, exp: NOW_S - 6 }, 'source "auth": the ticket has expired'],
  ['that lives longer than 60 seconds', { exp: NOW_S + 61 }, 'source "auth": the ticket lives too long'],
  [
    'of long ago that lives on',
    { iat: NOW_S - 3600, exp: NOW_S + 10 },
    'source "auth": the ticket is older than 60 seconds ("iat")',
  ],
  ['of the future', { iat: NOW_S + 6, exp: NOW_S + 20 }, 'source "auth": the ticket is not valid yet'],
  ['without an end', { exp: undefined }, 'source "auth": the ticket has no claim "exp"'],
  ['without a time of issue', { iat: undefined }, 'source "auth": the ticket has no claim "iat"'],
  ['without an account', { sub: undefined }, 'source "auth": the ticket has no account in the claim "sub"'],
  ['with a type that is a text', { account_type: '2' }, 'source "auth": the ticket has a claim "account_type"'],
  ['of a source without tickets', { iss: 'plain' }, 'no source of this app has "tickets"'],
  ['of an unknown source', { iss: 'constructor' }, 'no source of this app has "tickets"'],
  ['whose issuer is no text', { iss: ['auth'] }, 'no source of this app has "tickets"'],
])('a ticket %s is refused', async (_, claims, fault) => {
  const { signIn, queued } = await world();
  const reply = await signIn(ticketOf(claims));
  expect(codeOf(reply)).toBe('401 invalid_token');
  expect(detailOf(reply)).toContain(fault);
  expect(queued).toEqual([]);
});

test('a ticket signed by a secret that is no longer live is refused', async () => {
  const { signIn, queued } = await world({ keysOf: async () => [webhookKey(SECRETS[0])] });
  const reply = await signIn(ticketOf({}, SECRETS[1]));
  expect(detailOf(reply)).toBe('source "auth": no live secret matches the signature of the ticket');
  expect(queued).toEqual([]);
});

test('a ticket is refused in an app that its source does not reach', async () => {
  const { signIn } = await world();
  expect(codeOf(await signIn(ticketOf({}), {}, { app: 'mute' }))).toBe('401 invalid_token');
});

test('the signature of a webhook is that of no ticket, whatever the webhook says', async () => {
  const { signIn, queued } = await world();
  const [header = '', claims = ''] = ticketOf({}).split('.');
  // The text that a webhook signs is `id.timestamp.body`: the header as its id, the claims as its body.
  const headers = signedHeaders(SECRETS[0], { id: header, body: claims, ms: NOW });
  const signature = headers['webhook-signature'].slice('v1,'.length).replaceAll('+', '-').replaceAll('/', '_');
  const texts = [`${header}.${claims}`, `${header}.${headers['webhook-timestamp']}.${claims}`];
  for (const text of texts) {
    const reply = await signIn(`${text}.${signature.replace(/=+$/, '')}`);
    expect(codeOf(reply)).toBe('401 invalid_token');
  }
  expect(queued).toEqual([]);
});

test('a ticket that the newest secret may have signed waits until that can be used', async () => {
  const { signIn } = await world({ keysOf: async () => [undefined, webhookKey(SECRETS[1])] });
  expect(codeOf(await signIn(ticketOf({})))).toBe('503 unavailable');
  expect((await signIn(ticketOf({}, SECRETS[1]))).status).toBe(200);
});

test('a ticket waits while the secrets cannot be read', async () => {
  const { signIn } = await world({ keysOf: () => Promise.reject(new Unavailable('Down')) });
  expect(codeOf(await signIn(ticketOf({})))).toBe('503 unavailable');
});
