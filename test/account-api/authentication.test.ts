import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { accountApiHandler } from '../../functions/account-api/handler.ts';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import {
  accountsOf,
  basic,
  type Headers,
  olderSecretOf,
  signed,
  T0,
  tokenAccounts,
  world,
} from '../world/account-api.ts';

const BIND = Buffer.from(JSON.stringify(tokenAccounts(2, 'phone', 'alice')));

/** Sends the bind with these headers. */
async function tried(headers: Headers, body = BIND) {
  const at = world();
  const reply = await at.send({ headers, body });
  return { ...reply, changes: at.changes() };
}

describe.each(['xg', 'tpns'])('an app of either dialect passes: %s', (app) => {
  test.each<[string, Headers]>([
    ['Basic authentication', basic(app)],
    ['Basic authentication with the secret before', basic(app, olderSecretOf(app))],
    ['a signature', signed(app, BIND)],
    ['a signature made with the secret before', signed(app, BIND, { secret: olderSecretOf(app) })],
    ['a signature ten minutes old', signed(app, BIND, { ms: T0 - 599_000 })],
    ['a signature ten minutes ahead', signed(app, BIND, { ms: T0 + 600_000 })],
  ])('with %s', async (_, headers) => {
    const { status, body, changes } = await tried(headers);
    expect({ status, body }).toMatchObject({ status: 200, body: { ret_code: 0 } });
    expect(changes).toBeGreaterThan(0);
  });
});

const XG_REFUSAL = { ret_code: 10104, err_msg: 'Authentication failed. Please check the secret key' };
const TPNS_REFUSAL = { ret_code: 1008003, err_msg: 'auth failure' };
const BOTH_READ = { ...XG_REFUSAL, retCode: 1008003, errMsg: 'auth failure' };

describe('a refused credential is answered 403 and changes nothing', () => {
  test.each<[string, Headers, unknown]>([
    ['a wrong secret of an XG app', basic('xg', 'wrong'), XG_REFUSAL],
    ['a wrong secret of a TPNS app', basic('tpns', 'wrong'), TPNS_REFUSAL],
    ["another app's secret", basic('tpns', 'the newest secret of xg'), TPNS_REFUSAL],
    ["another app's signature", { ...signed('xg', BIND), accessid: 'tpns' }, TPNS_REFUSAL],
    ['a signature of another body', signed('tpns', '{}'), TPNS_REFUSAL],
    ['a signature too old', signed('tpns', BIND, { ms: T0 - 601_000 }), TPNS_REFUSAL],
    ['a signature from the future', signed('tpns', BIND, { ms: T0 + 602_000 }), TPNS_REFUSAL],
    ['a signature by the secret of no app', signed('tpns', BIND, { secret: 'the secret of no app' }), TPNS_REFUSAL],
    ['an app that does not exist', basic('nobody'), BOTH_READ],
    ['an app that does not exist, with what it is compared with', basic('nobody', 'the secret of no app'), BOTH_READ],
    ['a signed app that does not exist', signed('nobody', BIND, { secret: 'the secret of no app' }), BOTH_READ],
    ['a name that objects inherit', basic('__proto__'), BOTH_READ],
    ['an app in other letters', basic('XG', 'the newest secret of xg'), BOTH_READ],
    ['no AccessId', { timestamp: '1767225600', sign: 'x' }, BOTH_READ],
    ['no credential', {}, BOTH_READ],
    ['a bearer token', { authorization: 'Bearer abc' }, BOTH_READ],
  ])('%s', async (_, headers, expected) => {
    const { status, body, changes } = await tried(headers);
    expect({ status, body, changes }).toEqual({ status: 403, body: expected, changes: 0 });
  });

  test('in the words of the query where it was one', async () => {
    const { send } = world();
    const body = Buffer.from(JSON.stringify(accountsOf('phone')));
    const said = async (headers: Headers) => (await send({ path: PATHS.query, headers, body })).body;
    expect(await said(basic('tpns', 'wrong'))).toEqual({ retCode: 1008003, errMsg: 'auth failure' });
    expect(await said(basic('xg', 'wrong'))).toEqual(XG_REFUSAL);
    expect(await said(basic('nobody'))).toEqual(BOTH_READ);
  });

  test('before the body is read: what is not JSON is not said to be so', async () => {
    expect((await tried(basic('xg', 'wrong'), Buffer.from('{'))).status).toBe(403);
  });

  test('the log names the app that was claimed, if it exists, and nothing that was sent', async () => {
    expect((await tried(basic('xg', 'wrong'))).line).toEqual({
      app: 'xg',
      outcome: 'refused',
      reason: 'notAuthenticated',
    });
    expect((await tried(basic('a stranger'))).line).toEqual({ outcome: 'refused', reason: 'notAuthenticated' });
  });
});

test('the window of signatures can be set', async () => {
  const { ports } = world();
  const handle = accountApiHandler({ ...ports, signatureWindowMs: 5_000 });
  const status = async (ms: number) => {
    const headers = signed('tpns', BIND, { ms });
    return (await handle({ id: 'one', method: 'POST', path: PATHS.operate, headers, body: BIND })).status;
  };
  expect([await status(T0 - 5_000), await status(T0 - 6_000)]).toEqual([200, 403]);
});

test('while the secrets cannot be read the app is asked to come again, in its dialect', async () => {
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

describe('before anybody is asked who they are', () => {
  const BOTH_INVALID = {
    ret_code: 10103,
    err_msg: 'Parameter value is invalid. Please check and retry',
    retCode: 1008007,
    errMsg: 'invalid parameter',
  };

  test.each(['/', '/v3/device/account', '/v3/device/account/query/', '/v3/device/account/Query', '/v3/push/app', ''])(
    'the path "%s" is answered 404',
    async (path) => {
      const { send } = world();
      expect(await send({ path, headers: basic('xg') })).toMatchObject({ status: 404, body: BOTH_INVALID });
    },
  );

  test.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'post'])('the method %s is answered 405', async (method) => {
    const { send, changes } = world();
    const reply = await send({ method, headers: basic('xg'), body: BIND });
    expect(reply).toMatchObject({ status: 405, headers: { allow: 'POST' }, body: BOTH_INVALID });
    expect(changes()).toBe(0);
  });

  test('a body of 64 KiB is read and one byte more is answered 413', async () => {
    const { send } = world();
    const padded = (bytes: number) => Buffer.from(JSON.stringify(tokenAccounts(2, 'phone', 'alice')).padEnd(bytes));
    expect((await send({ headers: basic('xg'), body: padded(65_536) })).status).toBe(200);
    expect(await send({ headers: basic('xg'), body: padded(65_537) })).toMatchObject({
      status: 413,
      body: BOTH_INVALID,
    });
  });
});

test.each([
  'application/json',
  "application/json;charset='utf-8'",
  'application/json; charset=gbk',
  'text/plain',
  'multipart/form-data',
  '',
])('a body is read as JSON whatever its Content-Type says: "%s"', async (type) => {
  expect((await tried({ ...basic('xg'), 'content-type': type })).body).toMatchObject({ ret_code: 0 });
});

test("a signature covers the sender's own spelling of the JSON", async () => {
  const body = Buffer.from(
    '{ "operator_type" : 2,\n"token_accounts":[{"token":"\\u7528\\/1","account_list":[{"account":"\\u7528\\u6237\\/1"}]}] }',
  );
  expect((await tried(signed('tpns', body), body)).body).toMatchObject({ ret_code: 0 });
});
