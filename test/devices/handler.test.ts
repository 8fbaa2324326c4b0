import { expect, test } from 'vitest';
import { deviceKey } from '../../functions/core/fence.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { Answer, codeOf, detailOf, NOW, receiptIn, world } from '../world/devices.ts';

test('a sign-in binds the account of its bearer, and its receipt signs it out', async () => {
  const { signIn, signOut, bearerOf, held } = await world();
  const reply = await signIn(await bearerOf());
  expect(reply.status).toBe(200);
  Answer.parse(reply.body);
  expect(reply.line).toEqual({ app: 'phone', operation: 'sign-in', by: 'main', outcome: 'applied' });
  expect(await held()).toEqual(['0#alice']);
  const left = await signOut(receiptIn(reply));
  expect([left.status, left.body]).toEqual([200, { outcome: 'applied' }]);
  expect(await held()).toEqual([]);
});

test('a sign-in replaces the accounts of the phone, and adds to them in mode append', async () => {
  const { signIn, bearerOf, held, state } = await world();
  await signIn(await bearerOf());
  state.ms += 1000;
  await signIn(await bearerOf({ sub: 'bob', sid: 'session-b' }), { mode: 'append' });
  expect(await held()).toEqual(['0#bob', '0#alice']);
  state.ms += 1000;
  await signIn(await bearerOf({ sub: 'carol', sid: 'session-c' }));
  expect(await held()).toEqual(['0#carol']);
});

test('a lease ends a sign-in, and the answer says when', async () => {
  const { signIn, bearerOf, held, state } = await world();
  const reply = await signIn(await bearerOf(), { expires_at: '2026-11-22T14:00:00+01:00' });
  expect(Answer.parse(reply.body).expires_at).toBe('2026-11-22T13:00:00.000Z');
  state.ms = NOW + 3_600_000 - 1;
  expect(await held()).toEqual(['0#alice']);
  state.ms += 1;
  expect(await held()).toEqual([]);
});

test('a sign-in of an installation takes its older token away', async () => {
  const { signIn, bearerOf, held, state } = await world();
  await signIn(await bearerOf(), { token: 'old', installation_id: 'i' });
  state.ms += 1000;
  await signIn(await bearerOf(), { token: 'new', installation_id: 'i' });
  expect([await held('old'), await held('new')]).toEqual([[], ['0#alice']]);
});

test('a phone keeps its fence while its session lasts, and gets another one from the next session', async () => {
  const { signIn, bearerOf, state } = await world();
  const fenceOf = async (sid: string) => {
    state.ms += 1000;
    return Answer.parse((await signIn(await bearerOf({ sid }))).body).fence;
  };
  const first = await fenceOf('one');
  expect(await fenceOf('one')).toBe(first);
  expect(await fenceOf('two')).not.toBe(first);
});

test('a token of iOS has one spelling', async () => {
  const { signIn, bearerOf, held } = await world();
  await signIn(await bearerOf(), { token: 'AB'.repeat(32) }, { app: 'tablet' });
  expect(await held('ab'.repeat(32), 'tablet')).toEqual(['0#alice']);
});

test('a sign-in that is on the queue but not applied is answered with 202, and so is a sign-out', async () => {
  const { signIn, signOut, bearerOf, queued } = await world({ withinBudget: async () => 'late' });
  const reply = await signIn(await bearerOf());
  expect([reply.status, reply.line?.['outcome']]).toEqual([202, 'durable']);
  const left = await signOut(receiptIn(reply));
  expect([left.status, left.body]).toEqual([202, { outcome: 'durable' }]);
  expect(queued.map(({ kind }) => kind)).toEqual(['bindOverriding', 'unbind']);
});

test.each([
  ['/devices/phone', 'GET', '404 unknown_path'],
  ['/devices/phone/other', 'POST', '404 unknown_path'],
  ['/devices/phone/sign-in/more', 'POST', '404 unknown_path'],
  ['/devices/phone/sign-in', 'GET', '405 not_post'],
  ['/devices/unknown/sign-in', 'PUT', '405 not_post'],
  ['/devices/unknown/sign-in', 'POST', '404 unknown_app'],
  ['/devices/constructor/sign-out', 'POST', '404 unknown_app'],
  ['/devices/phone/sign-in', 'POST', '401 invalid_token'],
  ['/devices/phone/sign-out', 'POST', '400 not_json'],
])('a request to %s with %s gets %s', async (path, method, code) => {
  const { handle } = await world();
  const reply = await handle({ id: 'r1', method, path, headers: {}, body: '' });
  expect(codeOf(reply)).toBe(code);
  expect(reply.body).toMatchObject({ type: 'about:blank', status: reply.status, request_id: 'r1' });
  expect(reply.headers?.['content-type']).toBe('application/problem+json');
  expect(reply.headers?.['allow']).toBe(code === '405 not_post' ? 'POST' : undefined);
});

test('a body of more than 16 KiB is refused before its bearer is looked at', async () => {
  const { signIn, queued } = await world();
  expect(codeOf(await signIn('', { token: 'x'.repeat(16 * 1024) }))).toBe('413 too_large');
  expect(queued).toEqual([]);
});

test.each([
  ['no JSON', '{', 'not_json', undefined],
  ['no object', '[]', 'invalid_request', { path: '', message: 'is not an object' }],
  ['no token', { token: undefined }, 'invalid_request', { path: 'token', message: 'is missing' }],
  ['"null" as the token', { token: 'null' }, 'invalid_request', { path: 'token' }],
  ['a long token', { token: 'x'.repeat(1001) }, 'invalid_request', { path: 'token' }],
  ['an empty installation', { installation_id: '' }, 'invalid_request', { path: 'installation_id' }],
  ['another mode', { mode: 'other' }, 'invalid_request', { path: 'mode' }],
  ['a past lease', { expires_at: '2026-11-22T12:00:00Z' }, 'invalid_request', { path: 'expires_at' }],
  ['a lease without a zone', { expires_at: '2026-11-22T13:00:00' }, 'invalid_request', { path: 'expires_at' }],
  ['an account of its own', { account: 'bob' }, 'invalid_request', { path: '' }],
])('a sign-in with %s is refused and changes nothing', async (_, body, code, issue) => {
  const { signIn, bearerOf, queued } = await world();
  const reply = await signIn(await bearerOf(), body);
  expect(codeOf(reply)).toBe(`400 ${code}`);
  if (issue) expect(reply.body).toMatchObject({ issues: [issue] });
  expect(queued).toEqual([]);
});

test.each([
  ['the registry', { store: 'down' }],
  ['the queue', { enqueue: () => Promise.reject(new Unavailable('Down')) }],
  ['the key of receipts', { ownKeys: () => Promise.reject(new Unavailable('Down')) }],
  ['a usable key of receipts', { ownKeys: async () => [undefined, deviceKey('old')] }],
] as const)('a sign-in without %s gets 503 and is to be sent again', async (_, ports) => {
  const { signIn, bearerOf, held, store } = await world('store' in ports ? {} : ports);
  if ('store' in ports) store.watermarks = () => Promise.reject(new Unavailable('Down'));
  const reply = await signIn(await bearerOf());
  expect(codeOf(reply)).toBe('503 unavailable');
  expect(reply.headers?.['retry-after']).toBe('1');
  if (!('store' in ports)) expect(await held()).toEqual([]);
});

test('a phone whose document cannot be read gets 503: its sign-in could not be judged', async () => {
  const { signIn, bearerOf, store, queued } = await world();
  store.documents = async (refs) => refs.map(() => new Unavailable('unreadable item'));
  expect(codeOf(await signIn(await bearerOf()))).toBe('503 unavailable');
  expect(queued).toEqual([]);
});

test('an account with 1,000 tokens signs in on one of them, and on no other', async () => {
  const { signIn, bearerOf, store, queued, state } = await world();
  const pointers = Array.from({ length: 1_000 }, (_, i) => ({ token: `t${i}`, edge: '' }));
  // Tokens of tests are plain texts.
  store.pointers = async () => ({ pointers: pointers as never });
  expect(codeOf(await signIn(await bearerOf(), { token: 'one more' }))).toBe('429 too_many_devices');
  expect(queued).toEqual([]);
  expect((await signIn(await bearerOf(), { token: 't999' })).status).toBe(200);
  state.ms += 1;
  expect((await signIn(await bearerOf(), { token: 't999' })).status).toBe(200);
});

test('no answer and no log line has an account, a token, a session, a bearer or a receipt of another', async () => {
  const canary = 'canary5f1e';
  const { signIn, signOut, bearerOf, state } = await world();
  const names = { sub: `${canary}-account`, sid: `${canary}-session`, jti: canary, iss: undefined };
  const good = await bearerOf({ ...names, iss: 'https://id.example' });
  const replies = [
    await signIn(good, { token: `${canary}-token`, installation_id: canary, extra: canary }),
    await signIn(good, { token: [canary], mode: canary }),
    await signIn(await bearerOf({ ...names, iss: canary })),
    await signIn(await bearerOf({ ...names, iss: 'https://id.example', aud: canary })),
    await signIn(await bearerOf({ ...names, iss: 'https://id.example' }, { kid: canary, jku: canary })),
    await signIn(await bearerOf({ ...names, iss: 'https://id.example', exp: state.ms / 1000 - 60, iat: 1 })),
    await signIn(await bearerOf({ ...names, iss: 'https://id.example', sub: { canary } })),
    await signIn(canary, {}),
    await signOut(canary),
  ];
  expect(replies.map(({ status }) => status)).toEqual([400, 400, 401, 401, 401, 401, 401, 401, 400]);
  expect(JSON.stringify(replies)).not.toContain(canary);
  const done = await signIn(good, { token: `${canary}-token`, installation_id: canary });
  expect(JSON.stringify(done.line)).not.toContain(canary);
  expect(JSON.stringify((await signOut(receiptIn(done))).line)).not.toContain(canary);
});

test('a refused bearer is logged with its fault', async () => {
  const { signIn, bearerOf } = await world();
  const reply = await signIn(await bearerOf({ aud: 'another' }));
  expect(reply.headers?.['www-authenticate']).toBe('Bearer error="invalid_token"');
  expect(detailOf(reply)).toBe('identity "main": the bearer has another "aud"');
  expect(reply.line).toMatchObject({ outcome: 'refused', reason: 'invalid_token', fault: detailOf(reply) });
});
