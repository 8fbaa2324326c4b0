import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import {
  accountsOf,
  basic,
  type Headers,
  json,
  olderSecretOf,
  signed,
  T0,
  tokenAccounts,
  world,
} from '../world/account-api.ts';

// The rules in conformance/rules/authentication.ts hold the contract. The tests here see what a client with one secret
// cannot: the previous secret, the edge of the window, the exact reply in each dialect, and the log.

const BIND = json(tokenAccounts(2, 'phone', 'alice'));

/** Sends the bind with these headers. */
async function sent(headers: Headers, body: Buffer = BIND, path: string = PATHS.operate) {
  const at = world();
  const reply = await at.send({ path, headers, body });
  return { ...reply, changes: at.changes() };
}

test.each<[string, Headers]>([
  ['Basic authentication with the previous secret', basic('xg', olderSecretOf('xg'))],
  ['a signature with the previous secret', signed('tpns', BIND, { secret: olderSecretOf('tpns') })],
  ['a signature of ten minutes ago', signed('tpns', BIND, { ms: T0 - 599_000 })],
  ['a signature of ten minutes ahead', signed('tpns', BIND, { ms: T0 + 600_000 })],
])('%s is accepted', async (_, headers) => {
  const { status, body, changes } = await sent(headers);
  expect({ status, body }).toMatchObject({ status: 200, body: { ret_code: 0 } });
  expect(changes).toBeGreaterThan(0);
});

const XG_REFUSAL = { ret_code: 10104, err_msg: 'Authentication failed. Please check the secret key' };
const REFUSAL = { ...XG_REFUSAL, retCode: 1008003, errMsg: 'auth failure' };

test.each<[string, Headers]>([
  ['a wrong secret of an XG app', basic('xg', 'wrong')],
  ["another app's secret", basic('tpns', 'the newest secret of xg')],
  ["another app's signature", { ...signed('xg', BIND), accessid: 'tpns' }],
  ['a signature of 601 seconds ago', signed('tpns', BIND, { ms: T0 - 601_000 })],
  ["a signature with an unknown app's decoy", signed('tpns', BIND, { secret: 'the secret of no app' })],
  ["an unknown app with its decoy's secret", basic('nobody', 'the secret of no app')],
  ["an unknown app with its decoy's signature", signed('nobody', BIND, { secret: 'the secret of no app' })],
  ['a name that objects inherit', basic('__proto__')],
  ['an app in other letter case', basic('XG', 'the newest secret of xg')],
  ['a signature without AccessId', { timestamp: '1767225600', sign: 'x' }],
])('%s gets 403 and the one body of a refusal, and changes nothing', async (_, headers) => {
  const { status, body, changes } = await sent(headers);
  expect({ status, body, changes }).toEqual({ status: 403, body: REFUSAL, changes: 0 });
});

test('a refused query has the same body, whether its app is known or not', async () => {
  const bodyOf = async (headers: Headers) => (await sent(headers, json(accountsOf('phone')), PATHS.query)).body;
  for (const app of ['tpns', 'xg', 'nobody']) expect(await bodyOf(basic(app, 'wrong'))).toEqual(REFUSAL);
});

test('the log names the app of a refused credential if it exists, and nothing else of the request', async () => {
  const refused = { outcome: 'refused', reason: 'notAuthenticated' };
  expect((await sent(basic('xg', 'wrong'))).line).toEqual({ app: 'xg', ...refused });
  expect((await sent(basic('a stranger'))).line).toEqual(refused);
});

test('the window of signatures can be set', async () => {
  const { handle } = world({ signatureWindowMs: 5_000 });
  const status = async (ms: number) => {
    const headers = signed('tpns', BIND, { ms });
    return (await handle({ id: 'one', method: 'POST', path: PATHS.operate, headers, body: BIND })).status;
  };
  expect([await status(T0 - 5_000), await status(T0 - 6_000)]).toEqual([200, 403]);
});

test('an app gets 503 in its dialect while its secrets cannot be read', async () => {
  const { send, state, changes } = world();
  state.areSecretsDown = true;
  expect(await send({ headers: basic('xg'), body: BIND })).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { ret_code: 10101, err_msg: 'System busy. Please retry later' },
    line: { app: 'xg', outcome: 'unavailable', reason: 'SecretsDown' },
  });
  expect(await send({ headers: basic('tpns'), body: BIND })).toMatchObject({
    status: 503,
    body: { ret_code: 1008004, err_msg: 'invoke service error' },
  });
  expect(changes()).toBe(0);
});

test('a wrong credential may be right while the newest secret cannot be used: that is 503, and our fault', async () => {
  const { send } = world({ secretsOf: async () => [undefined] });
  const line = { outcome: 'unavailable', reason: 'secret_unusable' };
  expect(await send({ headers: basic('xg'), body: BIND })).toMatchObject({ status: 503, line });
  expect(await send({ headers: basic('no app'), body: BIND })).toMatchObject({ status: 403 });
});

test.each([
  ['an unknown path', { path: '' }, 404],
  ['another method', { method: 'post' }, 405],
  ['a body of more than 256 KiB', { body: Buffer.alloc(262_145, ' ') }, 413],
])('%s is refused before its app is known, with the codes of both dialects', async (_, request, status) => {
  const { send, changes } = world();
  const xg = { ret_code: 10103, err_msg: 'Parameter value is invalid. Please check and retry' };
  const body = { ...xg, retCode: 1008007, errMsg: 'invalid parameter' };
  expect(await send({ headers: basic('xg'), body: BIND, ...request })).toMatchObject({ status, body });
  expect(changes()).toBe(0);
});
