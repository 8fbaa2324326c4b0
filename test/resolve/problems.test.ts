import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import type { HttpRequest } from '../../functions/lambda/request.ts';
import { readerSecret } from '../../functions/resolve/reader.ts';
import { bearer, world } from '../world/resolve.ts';

const json = (question: unknown): string => JSON.stringify(question);
const ALICE = json({ accounts: [{ account: 'alice' }] });

const PROBLEMS: [name: string, request: Partial<HttpRequest>, status: number, code: string][] = [
  ['another path', { path: '/v1/resolved' }, 404, 'unknown_path'],
  ['a path below', { path: '/v1/resolve/alice' }, 404, 'unknown_path'],
  ['another method', { method: 'GET' }, 405, 'not_post'],
  ['a large body', { body: Buffer.alloc(256 * 1024 + 1) }, 413, 'too_large'],
  ['no credential', { headers: {}, body: ALICE }, 401, 'invalid_token'],
  ['a wrong secret', { headers: bearer('newest-of-no-reader'), body: ALICE }, 401, 'invalid_token'],
  ['another scheme', { headers: { authorization: 'Basic newest-of-sender' }, body: ALICE }, 401, 'invalid_token'],
  ['an empty secret', { headers: bearer(''), body: ALICE }, 401, 'invalid_token'],
  ['no JSON', { body: '{' }, 400, 'not_json'],
  ['no UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, 'not_json'],
  ['no question', { body: 'null' }, 400, 'invalid_request'],
  ['no accounts', { body: json({ accounts: [] }) }, 400, 'invalid_request'],
  ['101 accounts', { body: json({ accounts: Array(101).fill({ account: 'alice' }) }) }, 400, 'invalid_request'],
  ['an account as text', { body: json({ accounts: ['alice'] }) }, 400, 'invalid_request'],
  ['an unknown field', { body: json({ accounts: [{ account: 'alice' }], app: 'shop' }) }, 400, 'invalid_request'],
  ['no apps', { body: json({ accounts: [{ account: 'alice' }], apps: [] }) }, 400, 'invalid_request'],
  ['101 tokens', { path: '/v1/devices', body: json({ tokens: Array(101).fill('t') }) }, 400, 'invalid_request'],
  ['tokens at the other path', { body: json({ tokens: ['phone'] }) }, 400, 'invalid_request'],
  [
    'an app of another reader',
    { body: json({ accounts: [{ account: 'alice' }], apps: ['bank'] }) },
    403,
    'forbidden_app',
  ],
  [
    'an unknown app',
    { body: json({ accounts: [{ account: 'alice' }], apps: ['shop', 'mall'] }) },
    403,
    'forbidden_app',
  ],
  ['a cursor of nothing', { body: json({ accounts: [{ account: 'alice' }], cursor: '' }) }, 400, 'invalid_cursor'],
  ['a cursor of others', { body: json({ accounts: [{ account: 'alice' }], cursor: 'e30' }) }, 400, 'invalid_cursor'],
];

test.for(PROBLEMS)(
  'a question with %s is answered with its problem, in problem details',
  async ([, request, status, code]) => {
    const reply = await world().send(request);
    expect(reply.status).toBe(status);
    expect(reply.headers?.['content-type']).toBe('application/problem+json');
    expect(reply.body).toMatchObject({ type: 'about:blank', status, code, request_id: 'r1' });
  },
);

test('the headers of a problem say what to do', async () => {
  const { send } = world();
  expect((await send({ method: 'GET' })).headers).toMatchObject({ allow: 'POST' });
  expect((await send({ headers: {} })).headers).toMatchObject({ 'www-authenticate': 'Bearer error="invalid_token"' });
});

test('each fault of a question is reported with its place', async () => {
  const question = { accounts: [{ account: 'a' }, { account: 'alice', account_type: -1 }], apps: ['shop', 'bank'] };
  const { accounts, apps } = question;
  expect(await world().resolve({ accounts })).toMatchObject({
    issues: [
      { path: 'accounts.0.account', message: 'an account is 2 to 255 bytes of text' },
      { path: 'accounts.1.account_type', message: 'is less than 0' },
    ],
  });
  expect(await world().resolve({ accounts: [{ id: 'alice' }], app: 'shop' })).toMatchObject({
    issues: [
      { path: 'accounts.0.account', message: 'is missing' },
      { path: 'accounts.0', message: expect.stringMatching(/^has "id", .*its keys are account, account_type$/) },
      { path: '', message: expect.stringMatching(/^has "app", .*its keys are accounts, apps, cursor$/) },
    ],
  });
  expect(await world().resolve({ accounts: [{ account: 'alice' }], apps })).toMatchObject({
    issues: [{ path: 'apps.1', message: 'is not an app of this reader' }],
  });
});

test('a request without a secret of a reader reads nothing of the registry, nor does one with a problem', async () => {
  const reads: string[] = [];
  const store = new Proxy({} as RegistryStore, {
    get: (_, name) => () => {
      reads.push(String(name));
      throw new Unavailable('StoreDown');
    },
  }); // the handler only calls it
  const { send } = world({ store });
  for (const [, request] of PROBLEMS) await send(request);
  expect(reads).toEqual([]);
  expect(await send({ body: ALICE })).toMatchObject({ status: 503 });
  expect(reads).toEqual(['pointers']);
});

test('both live secrets of a reader open its apps, and the scheme may have any case', async () => {
  const { send } = world();
  for (const secret of ['newest-of-sender', 'older-of-sender']) {
    expect(await send({ body: ALICE, headers: bearer(secret) })).toMatchObject({
      status: 200,
      line: { reader: 'sender' },
    });
    expect(await send({ body: ALICE, headers: { authorization: `bearer  ${secret} ` } })).toMatchObject({
      status: 200,
    });
  }
  expect(await send({ body: ALICE, headers: bearer('newest-of-other') })).toMatchObject({ line: { reader: 'other' } });
});

test('a request is unavailable while the newest secret of a reader cannot be used, unless another secret matches', async () => {
  const { send } = world({ secretsOf: async (id) => (id === 'sender' ? [undefined, readerSecret('older')] : []) });
  const reply = await send({ body: ALICE, headers: bearer('newest') });
  expect(reply).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, line: { reason: 'secret_unusable' } });
  expect(await send({ body: ALICE, headers: bearer('older') })).toMatchObject({ status: 200 });
});

test('a request is unavailable while the secrets of one reader cannot be read, unless it is of another reader', async () => {
  const secretsOf = async (id: string) => {
    if (id === 'sender') throw new Unavailable('SecretsDown');
    return [readerSecret('mine')];
  };
  const { send } = world({ secretsOf });
  expect(await send({ body: ALICE, headers: bearer('x') })).toMatchObject({
    status: 503,
    line: { reason: 'SecretsDown' },
  });
  expect(await send({ body: ALICE, headers: bearer('mine') })).toMatchObject({ status: 200 });
});

test('a request is unavailable without the key of fences', async () => {
  const reply = await world({ fenceKeys: async () => [undefined] }).send({ body: ALICE });
  expect(reply).toMatchObject({ status: 503, body: { code: 'unavailable' }, line: { reason: 'secret_unusable' } });
});

test('a secret that no header can carry is not used', () => {
  for (const text of ['', ' ', 'two words', 'schlüssel']) expect(() => readerSecret(text)).toThrow('visible ASCII');
  expect(readerSecret(' secret\n')).toEqual(readerSecret('secret'));
});
