import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountApiClient } from '../../functions/account-api/client.ts';
import { appSecret, signatureOf } from '../../functions/account-api/wire/credentials.ts';
import type { Token } from '../../functions/core/account.ts';
import type { Dialect } from '../../functions/core/configuration.ts';
import type { Running } from '../conformance/http-server.ts';
import { APPS, ownAccountApi, secretOf } from '../conformance/own-account-api.ts';
import { account, clientOf, says, T0, talking, token } from './client-server.ts';
import tpns from './samples/tpns-2020.json' with { type: 'json' };
import xg from './samples/xg-2019.json' with { type: 'json' };

const DONE = { ret_code: 0, err_msg: 'ok', result: ['0'] };
const bind = (phone: Token, ...names: string[]) =>
  ({ kind: 'bindOverriding', elements: [{ token: phone, accounts: names.map((name) => account(name)) }] }) as const;

const ways = (['xg', 'tpns'] as const).flatMap((dialect) =>
  (['basic', 'sign'] as const).map((authentication) => ({ dialect, authentication })),
);

describe.each(ways)('with our own API: $dialect, $authentication', ({ dialect, authentication }) => {
  let own: Running;
  beforeAll(async () => {
    own = await ownAccountApi();
  });
  afterAll(() => own.close());

  const app = APPS.find((one) => one.dialect === dialect && one.policy === 'many')?.id ?? '';
  const connected = (): AccountApiClient =>
    clientOf({ url: own.url, app, secret: secretOf(app), dialect, authentication, now: Date.now });

  test('a query finds the accounts of each token and the tokens of each account, in the order of the question', async () => {
    const { operate, accountsOf, tokensOf } = connected();
    const [phone, tablet] = [token(`${authentication} 手机`), token(`${authentication} tablet`)];
    const [alice, bobby] = [account(`alice ${authentication}`), account(`bobby ${authentication}`, 5)];
    const elements = [
      { token: phone, accounts: [alice, bobby] },
      { token: tablet, accounts: [bobby] },
    ];
    expect(await operate({ kind: 'bind', elements })).toEqual({ kind: 'answered', results: ['done', 'done'] });
    expect(await accountsOf([tablet, token('none'), phone])).toEqual({
      kind: 'found',
      accounts: [[bobby], [], [alice, bobby]],
    });
    expect(await tokensOf([alice, account('none'), bobby])).toEqual({
      kind: 'found',
      tokens: [[phone], [], [phone, tablet]],
    });
  });

  test('another secret is unauthorized, and so is another app', async () => {
    const options = { url: own.url, app, secret: secretOf(app), dialect, authentication, now: Date.now };
    const unauthorized = { kind: 'unauthorized', reason: 'code 10104' };
    expect(await clientOf({ ...options, secret: 'wrong' }).operate(bind(token('t'), 'alice'))).toEqual(unauthorized);
    const reason = dialect === 'xg' ? 'code 10104' : 'code 1008003';
    expect(await clientOf({ ...options, app: 'wrong' }).accountsOf([token('t')])).toEqual({ ...unauthorized, reason });
  });
});

test('an XG request is equal to the document’s, key by key', async () => {
  const { client, sent } = await talking(says(xg.operateReply), { dialect: 'xg', platform: 'android' });
  const elements = xg.bind.request.token_accounts.map((element) => ({
    token: token(element.token),
    accounts: element.account_list.map((one) => account(one.account, one.account_type)),
  }));
  await client.operate({ kind: 'bind', elements });
  await client.operate({ kind: 'unbindTokenFromAll', tokens: xg.unbindTokenFromAll.request.token_list.map(token) });
  expect(sent.map(({ path, body }) => [path, body])).toEqual([
    ['/v3/device/account/batchoperate', JSON.stringify(xg.bind.request)],
    ['/v3/device/account/batchoperate', JSON.stringify(xg.unbindTokenFromAll.request)],
  ]);
});

test('a TPNS query is equal to the document’s, without a platform', async () => {
  const { client, sent } = await talking(says(tpns.accountsOf.reply), { platform: 'ios' });
  await client.accountsOf(tpns.accountsOf.request.token_list.map(token));
  expect(sent.map(({ path, body }) => [path, body])).toEqual([
    ['/v3/device/account/query', JSON.stringify(tpns.accountsOf.request)],
  ]);
});

test('a reply may spell an iOS token in upper case, as an older version bound it', async () => {
  const entry = { token: 'AB'.repeat(32), account_list: [{ account: 'alice', account_type: 0 }] };
  const reply = { retCode: 0, errMsg: 'ok', token_accounts: [entry] };
  const asked = [token('ab'.repeat(32))];
  const { client } = await talking(says(reply), { platform: 'ios' });
  expect(await client.accountsOf(asked)).toMatchObject({ kind: 'found', accounts: [[{ id: 'alice' }]] });
  const { client: other } = await talking(says(reply), { platform: 'android' });
  expect(await other.accountsOf(asked)).toMatchObject({ kind: 'unavailable' });
});

test('Basic authentication is the app and its secret', async () => {
  const { client, sent } = await talking(says(DONE), { app: 'app-1', secret: 'a:b 密' });
  await client.operate(bind(token('phone'), 'alice'));
  expect(sent[0]?.headers.authorization).toBe(`Basic ${Buffer.from('app-1:a:b 密').toString('base64')}`);
});

test('a signature covers the body in bytes and has the time of its attempt in seconds', async () => {
  let ms = T0 + 999;
  const { client, sent } = await talking(says(DONE), { authentication: 'sign', now: () => ms });
  await client.operate(bind(token('phone'), '爱丽丝'));
  ms += 5_000;
  await client.operate(bind(token('phone'), '爱丽丝'));
  const timestamps = [String(T0 / 1000), String(T0 / 1000 + 5)];
  expect(sent.map(({ headers }) => headers['timestamp'])).toEqual(timestamps);
  const expected = timestamps.map((timestamp, i) =>
    signatureOf(appSecret('a secret').key, { timestamp, app: 'an-app', body: sent[i]?.body ?? '' }),
  );
  expect(sent.map(({ headers }) => headers['sign'])).toEqual(expected);
  expect(sent[0]?.headers).toMatchObject({ accessid: 'an-app', 'content-type': 'application/json' });
  expect(sent[0]?.headers).not.toHaveProperty('authorization');
});

test('a path in the URL precedes the API’s paths', async () => {
  const { url, sent } = await talking(says(DONE));
  await clientOf({ url: `${url}/stage/` }).operate(bind(token('phone'), 'alice'));
  expect(sent[0]?.path).toBe('/stage/v3/device/account/batchoperate');
});

test('a connection is kept between calls, and simultaneous calls share the allowed ones', async () => {
  for (const [allowed, simultaneous] of [
    [1, 1],
    [2, 5],
  ] as const) {
    let connections = 0;
    const { client, sent, server } = await talking(says(DONE), { connections: allowed });
    server.on('connection', () => {
      connections += 1;
    });
    const call = () => client.operate(bind(token('phone'), 'alice'));
    for (let i = 0; i < 2; i++) await Promise.all(Array.from({ length: simultaneous }, call));
    expect([sent.length, connections]).toEqual([2 * simultaneous, allowed]);
  }
});

const long = token('x'.repeat(65));

test('an element that is too long is refused and the others are sent', async () => {
  const { client, sent } = await talking(says({ ret_code: 0, err_msg: 'ok', result: ['ok', 'token_not_exists'] }), {
    dialect: 'xg',
  });
  expect(await client.operate({ kind: 'unbindTokenFromAll', tokens: [token('a'), long, token('b')] })).toEqual({
    kind: 'answered',
    results: ['done', 'refused', 'unknownToken'],
  });
  expect(JSON.parse(sent[0]?.body ?? '')).toEqual({ operator_type: 4, token_list: ['a', 'b'] });
});

test.each([
  ['bind', { kind: 'bind', elements: [{ token: long, accounts: [account('alice')] }] }],
  ['unbindTokenFromAll', { kind: 'unbindTokenFromAll', tokens: [long] }],
] as const)('a %s without any expressible element is not sent', async (_, request) => {
  const { client, sent } = await talking(says(DONE), { dialect: 'xg' });
  expect(await client.operate(request)).toEqual({ kind: 'answered', results: ['refused'] });
  expect(sent).toEqual([]);
});

test('a request with too many elements throws', async () => {
  const { client, sent } = await talking(says(DONE));
  const elements = Array.from({ length: 21 }, (_, i) => ({ token: token(`${i}`), accounts: [account('alice')] }));
  await expect(client.operate({ kind: 'bind', elements })).rejects.toThrow('a list has at most 20 elements');
  expect(sent).toEqual([]);
});

test('a query of a token that is too long is refused and not sent', async () => {
  const { client, sent } = await talking(says({}), { dialect: 'xg' });
  const answer = await client.accountsOf([token('phone'), token('t'.repeat(65))]);
  expect([answer, sent]).toEqual([{ kind: 'refused', reason: 'not in this dialect' }, []]);
  await expect(client.accountsOf(Array.from({ length: 101 }, () => token('phone')))).rejects.toThrow('at most 100');
});

const NOT_ASKED = { kind: 'unavailable', reason: 'not an answer to what was asked' };
const BOTH = { kind: 'answered', results: ['done', 'done'] };

test.each<[string, Dialect, object, object]>([
  ['an XG success without a list of results counts for every element', 'xg', { ret_code: 0 }, BOTH],
  ['a TPNS success without a list of results counts for every element', 'tpns', { ret_code: 0 }, BOTH],
  ['one result for two tokens counts for both, as in the TPNS sample', 'tpns', DONE, BOTH],
  [
    'results that do not match the elements are unavailable',
    'tpns',
    { ret_code: 1008026, result: ['1008006'] },
    NOT_ASKED,
  ],
])('%s', async (_, dialect, reply, answer) => {
  const { client } = await talking(says(reply), { dialect });
  const tokens = [token('a'), token('b')];
  expect(await client.operate({ kind: 'unbindTokenFromAll', tokens })).toEqual(answer);
});

test('a token that the reply leaves out has no accounts', async () => {
  const { client } = await talking(
    says({ retCode: 0, token_accounts: [{ token: 'b', account_list: [{ account: 'alice' }] }] }),
  );
  const accounts = [[], [account('alice')]];
  expect(await client.accountsOf([token('a'), token('b')])).toEqual({ kind: 'found', accounts });
});

test('an entry for another token makes the answer unavailable, and not "nothing is bound"', async () => {
  const { client } = await talking(says(tpns.accountsOf.reply));
  expect(await client.accountsOf([token('Token1')])).toEqual(NOT_ASKED);
});
