import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { type Endpoint, PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { Operation } from '../../functions/core/operation.ts';
import { stampOf } from '../../functions/core/stamp.ts';
import { account, accountsOf, basic, T0, tokenAccounts, tokensOf, world } from '../world/account-api.ts';

type Dialect = 'xg' | 'tpns';

/** Sends a body that is text or JSON, and says what the reply's code and text were and whether anything changed. */
async function said(app: Dialect, endpoint: Endpoint, body: unknown) {
  const { send, changes } = world();
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const reply = await send({ path: PATHS[endpoint], headers: basic(app), body: bytes });
  return { status: reply.status, body: reply.body, changes: changes() };
}

const TEXTS = {
  xg: {
    missing: [10102, 'Parameter is missing. Please check and retry'],
    invalid: [10103, 'Parameter value is invalid. Please check and retry'],
    wrongType: [10103, 'Parameter value is invalid. Please check and retry'],
    malformed: [10103, 'Parameter value is invalid. Please check and retry'],
  },
  tpns: {
    missing: [1008002, 'missing parameter'],
    invalid: [1008007, 'invalid parameter'],
    wrongType: [1008001, 'parameter parse error'],
    malformed: [1008001, 'parameter parse error'],
  },
} as const;

type Problem = keyof (typeof TEXTS)['xg'];

/** The whole reply: code and text of the dialect, then where and why. */
function refusal(dialect: Dialect, endpoint: Endpoint, problem: Problem, where = '') {
  const [code, text] = TEXTS[dialect][problem];
  const message = where === '' ? text : `${text}: ${where}`;
  const body =
    dialect === 'tpns' && endpoint === 'query'
      ? { retCode: code, errMsg: message }
      : { ret_code: code, err_msg: message };
  return { status: 200, body, changes: 0 };
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const element = (token: unknown, ...accounts: unknown[]) => ({ token, account_list: accounts });
const alice = { account: 'alice' };
const bind = (...elements: unknown[]) => ({ operator_type: 1, token_accounts: elements });
const clearTokens = (...tokens: unknown[]) => ({ operator_type: 4, token_list: tokens });
const clearAccounts = (...accounts: unknown[]) => ({ operator_type: 5, account_list: accounts });

type Row = [what: string, endpoint: Endpoint, body: unknown, problem: Problem, where?: string];

const OPERATIONS = 'a request is an object whose operator_type is 1 to 5';
const QUERIES = 'a request is an object whose operator_type is 1 or 2';
const ACCOUNT = 'an account is 2 to 255 bytes of text';

const ROWS: readonly Row[] = [
  ['an empty body', 'operate', '', 'malformed'],
  ['half an object', 'operate', '{"operator_type":1', 'malformed'],
  ['an array without its comma, as the documents print it', 'query', '{"a":[{}{}]}', 'malformed'],
  ['a trailing comma, as the documents print it', 'query', '{"a":"b",}', 'malformed'],
  ['bytes that are not UTF-8', 'operate', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'malformed'],
  ['UTF-16', 'operate', Buffer.from('{"operator_type":4}', 'utf16le'), 'malformed'],
  ['a compressed body', 'operate', Buffer.from([0x1f, 0x8b, 0x08, 0x00]), 'malformed'],
  ['null', 'operate', 'null', 'wrongType', OPERATIONS],
  ['a list', 'operate', [clearTokens('phone')], 'wrongType', OPERATIONS],
  ['a number', 'query', '5', 'wrongType', QUERIES],
  ['a text', 'query', '"operator_type"', 'wrongType', QUERIES],

  ['no operator_type', 'operate', { token_list: ['phone'] }, 'missing', `operator_type: ${OPERATIONS}`],
  ['the operator_type 0', 'operate', { operator_type: 0 }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['the operator_type 6', 'operate', { operator_type: 6 }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['the operator_type 1.5', 'operate', { operator_type: 1.5 }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['an operator_type in text', 'operate', { operator_type: '4' }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['an operator_type without end', 'operate', '{"operator_type":1e400}', 'invalid', `operator_type: ${OPERATIONS}`],
  ['the operator_type 3 of a query', 'query', { operator_type: 3 }, 'invalid', `operator_type: ${QUERIES}`],
  ['no operator_type of a query', 'query', {}, 'missing', `operator_type: ${QUERIES}`],
  [
    'an operator_type that was only inherited',
    'query',
    '{"__proto__":{"operator_type":2}}',
    'missing',
    `operator_type: ${QUERIES}`,
  ],

  ...([1, 2, 3] as const).flatMap((kind): Row[] => {
    const of = (...elements: unknown[]) => ({ operator_type: kind, token_accounts: elements });
    return [
      [
        `operation ${kind} without token_accounts`,
        'operate',
        { operator_type: kind, token_list: ['phone'] },
        'missing',
        'token_accounts: Invalid input: expected array, received undefined',
      ],
      [`operation ${kind} on no token`, 'operate', of(), 'invalid', 'token_accounts: a list is not empty'],
      [
        `operation ${kind} on 21 tokens`,
        'operate',
        of(...many(21, (i) => element(`token ${i}`, alice))),
        'invalid',
        'token_accounts: a list has at most 20 elements',
      ],
      [
        `operation ${kind} with no account`,
        'operate',
        of(element('phone')),
        'invalid',
        'token_accounts.0.account_list: a list is not empty',
      ],
      [
        `operation ${kind} with 11 accounts on a token`,
        'operate',
        of(element('phone', ...many(11, (i) => account(`user ${i}`)))),
        'invalid',
        'token_accounts.0.account_list: a list has at most 10 elements',
      ],
    ];
  }),
  [
    'operation 4 without token_list',
    'operate',
    { operator_type: 4 },
    'missing',
    'token_list: Invalid input: expected array, received undefined',
  ],
  ['operation 4 on no token', 'operate', clearTokens(), 'invalid', 'token_list: a list is not empty'],
  [
    'operation 4 on 501 tokens',
    'operate',
    clearTokens(...many(501, (i) => `t${i}`)),
    'invalid',
    'token_list: a list has at most 500 elements',
  ],
  [
    'operation 5 without account_list',
    'operate',
    { operator_type: 5 },
    'missing',
    'account_list: Invalid input: expected array, received undefined',
  ],
  ['operation 5 on no account', 'operate', clearAccounts(), 'invalid', 'account_list: a list is not empty'],
  [
    'operation 5 on 101 accounts',
    'operate',
    clearAccounts(...many(101, (i) => account(`user ${i}`))),
    'invalid',
    'account_list: a list has at most 100 elements',
  ],
  ['a query of no account', 'query', tokensOf(), 'invalid', 'account_list: a list is not empty'],
  [
    'a query of 101 accounts',
    'query',
    tokensOf(...many(101, (i) => `user ${i}`)),
    'invalid',
    'account_list: a list has at most 100 elements',
  ],
  ['a query of no token', 'query', accountsOf(), 'invalid', 'token_list: a list is not empty'],
  [
    'a query of 101 tokens',
    'query',
    accountsOf(...many(101, (i) => `t${i}`)),
    'invalid',
    'token_list: a list has at most 100 elements',
  ],
  [
    'a query of tokens without token_list',
    'query',
    { operator_type: 2, account_list: [alice] },
    'missing',
    'token_list: Invalid input: expected array, received undefined',
  ],

  [
    'a list that is an object',
    'operate',
    { operator_type: 4, token_list: { 0: 'phone' } },
    'wrongType',
    'token_list: Invalid input: expected array, received object',
  ],
  [
    'a list that is null',
    'operate',
    { operator_type: 4, token_list: null },
    'wrongType',
    'token_list: Invalid input: expected array, received null',
  ],
  [
    'an element that is a text',
    'operate',
    bind('phone'),
    'wrongType',
    'token_accounts.0: Invalid input: expected object, received string',
  ],
  [
    'an element without its token',
    'operate',
    bind({ account_list: [alice] }),
    'missing',
    'token_accounts.0.token: Invalid input: expected string, received undefined',
  ],
  [
    'an element without its accounts',
    'operate',
    bind({ token: 'phone' }),
    'missing',
    'token_accounts.0.account_list: Invalid input: expected array, received undefined',
  ],
  [
    'a token that is a number',
    'operate',
    clearTokens('phone', 5),
    'wrongType',
    'token_list.1: Invalid input: expected string, received number',
  ],
  [
    'an account that is a text',
    'operate',
    clearAccounts('alice'),
    'wrongType',
    'account_list.0: Invalid input: expected object, received string',
  ],
  [
    'an account without its name',
    'operate',
    bind(element('phone', alice, { account_type: 1 })),
    'missing',
    'token_accounts.0.account_list.1.account: Invalid input: expected string, received undefined',
  ],
  [
    'an account that is a number',
    'operate',
    bind(element('phone', { account: 1527000000 })),
    'wrongType',
    'token_accounts.0.account_list.0.account: Invalid input: expected string, received number',
  ],
  [
    'an account of one byte',
    'operate',
    bind(element('phone', account('a'))),
    'invalid',
    `token_accounts.0.account_list.0.account: ${ACCOUNT}`,
  ],
  ['an account of 256 bytes', 'query', tokensOf('a'.repeat(256)), 'invalid', `account_list.0.account: ${ACCOUNT}`],
  [
    'an account of 86 characters that take 258 bytes',
    'query',
    tokensOf('用'.repeat(86)),
    'invalid',
    `account_list.0.account: ${ACCOUNT}`,
  ],
  [
    'an account with half a character',
    'operate',
    '{"operator_type":5,"account_list":[{"account":"al\\ud800ice"}]}',
    'invalid',
    `account_list.0.account: ${ACCOUNT}`,
  ],
  [
    'an account type in text',
    'operate',
    clearAccounts({ account: 'alice', account_type: '1' }),
    'wrongType',
    'account_list.0.account_type: Invalid input: expected number, received string',
  ],
  [
    'an account type that is null',
    'operate',
    clearAccounts({ account: 'alice', account_type: null }),
    'wrongType',
    'account_list.0.account_type: Invalid input: expected number, received null',
  ],
  [
    'an account type below 0',
    'operate',
    clearAccounts(account(['alice', -1])),
    'invalid',
    'account_list.0.account_type: Too small: expected number to be >=0',
  ],
  [
    'an account type beyond 32 bits',
    'operate',
    clearAccounts(account(['alice', 2_147_483_648])),
    'invalid',
    'account_list.0.account_type: Too big: expected number to be <=2147483647',
  ],

  [
    'an op_type of its own',
    'operate',
    { ...clearTokens('phone'), op_type: 'fax' },
    'invalid',
    'op_type: an operator is qq, rtx, email or other',
  ],
  [
    'an op_id that is a number',
    'operate',
    { ...clearTokens('phone'), op_id: 5 },
    'wrongType',
    'op_id: Invalid input: expected string, received number',
  ],
  [
    'an op_id of 256 bytes',
    'query',
    { ...accountsOf('phone'), op_id: 'a'.repeat(256) },
    'invalid',
    'op_id: the id of an operator is at most 255 bytes of text',
  ],
];

describe.each(['xg', 'tpns'] as const)('%s refuses the whole request, changing nothing', (dialect) => {
  test.each(ROWS)('%s', async (_, endpoint, body, problem, where) => {
    expect(await said(dialect, endpoint, body)).toEqual(refusal(dialect, endpoint, problem, where));
  });
});

const TOKEN_64 = 'a token is 1 to 64 bytes of text';
const TOKEN_1000 = 'a token is 1 to 1,000 bytes of text';

describe('tokens', () => {
  test.each<[string, Dialect, string]>([
    ['XG of one byte', 'xg', 't'],
    ['XG of 64 bytes', 'xg', 't'.repeat(64)],
    ['XG of 21 characters that take 63 bytes', 'xg', '用'.repeat(21)],
    ['TPNS of one byte', 'tpns', 't'],
    ['TPNS of 1,000 bytes', 'tpns', 't'.repeat(1000)],
    ['TPNS of 333 characters that take 999 bytes', 'tpns', '用'.repeat(333)],
    ['any that holds control characters', 'xg', 'a\0b\r\nc\u202e'],
    ['one that objects inherit', 'tpns', '__proto__'],
  ])('%s are accepted', async (_, dialect, token) => {
    const { operate, held } = world();
    expect(await operate(dialect, tokenAccounts(1, token, 'alice'))).toMatchObject({ ret_code: 0 });
    expect(await held(dialect, token)).toEqual(['0#alice']);
  });

  test.each<[string, Dialect, string, string]>([
    ['XG of no byte', 'xg', '', TOKEN_64],
    ['XG of 65 bytes', 'xg', 't'.repeat(65), TOKEN_64],
    ['XG of 22 characters that take 66 bytes', 'xg', '用'.repeat(22), TOKEN_64],
    ['XG with half a character', 'xg', 'ab\udc00', TOKEN_64],
    ['TPNS of no byte', 'tpns', '', TOKEN_1000],
    ['TPNS of 1,001 bytes', 'tpns', 't'.repeat(1001), TOKEN_1000],
    ['TPNS of 334 characters that take 1,002 bytes', 'tpns', '用'.repeat(334), TOKEN_1000],
    ['TPNS with half a character', 'tpns', '\ud800', TOKEN_1000],
  ])('%s are refused, in every operation and query', async (_, dialect, token, rule) => {
    const bodies: [Endpoint, unknown, string][] = [
      ...([1, 2, 3] as const).map((kind): [Endpoint, unknown, string] => [
        'operate',
        tokenAccounts(kind, token, 'alice'),
        'token_accounts.0.token',
      ]),
      ['operate', clearTokens('phone', token), 'token_list.1'],
      ['query', accountsOf('phone', token), 'token_list.1'],
    ];
    for (const [endpoint, body, where] of bodies)
      expect(await said(dialect, endpoint, body)).toEqual(refusal(dialect, endpoint, 'invalid', `${where}: ${rule}`));
  });

  test("an XG app shows longer tokens that its app's events bound", async () => {
    const { ports, query } = world();
    const token = 'fcm'.repeat(50);
    const stamp = stampOf('bind', T0, '0123456789abcdef');
    await ports.accept('event', [
      Operation.parse({ kind: 'bind', app: 'xg', token, accounts: [{ type: 0, id: 'alice' }], stamp }),
    ]);
    expect(await query('xg', tokensOf('alice'))).toMatchObject({ account_tokens: [{ token_list: [token] }] });
  });
});

describe('limits hold what they say', () => {
  test.each<[string, unknown]>([
    ['20 tokens in operations 1 to 3', bind(...many(20, (i) => element(`token ${i}`, alice)))],
    ['10 accounts on a token', bind(element('phone', ...many(10, (i) => account(`user ${i}`))))],
    ['500 tokens in operation 4', clearTokens(...many(500, (i) => `t${i}`))],
    ['100 accounts in operation 5', clearAccounts(...many(100, (i) => account(`user ${i}`)))],
    ['an account of 2 bytes', clearAccounts(account('ab'))],
    ['an account of one character that takes 3 bytes', clearAccounts(account('用'))],
    ['an account of 255 bytes', clearAccounts(account('用'.repeat(85)))],
    ['the account type 2147483647', clearAccounts(account(['alice', 2_147_483_647]))],
    ['an op_id of 255 bytes', { ...clearTokens('phone'), op_type: 'other', op_id: 'a'.repeat(255) }],
    ['an empty op_id', { ...clearTokens('phone'), op_id: '' }],
  ])('%s are accepted', async (_, body) => {
    for (const app of ['xg', 'tpns'] as const)
      expect(await said(app, 'operate', body)).toMatchObject({ status: 200, body: { ret_code: 0 } });
  });

  test('100 elements in a query are answered', async () => {
    const { query } = world();
    const tokens = await query('xg', accountsOf(...many(100, (i) => `t${i}`)));
    expect(tokens).toMatchObject({ ret_code: 0, token_accounts: { length: 100 } });
    const accounts = await query('tpns', tokensOf(...many(100, (i) => `user ${i}`)));
    expect(accounts).toMatchObject({ retCode: 0, account_tokens: { length: 100 } });
  });
});

describe('the platform', () => {
  const on = (platform: unknown) => ({ ...clearTokens('phone'), platform });

  test.each(['android', 'Android', 'ANDROID'])('of an XG request is read in any letter case: %s', async (platform) => {
    expect(await said('xg', 'operate', on(platform))).toMatchObject({ body: { ret_code: 0 } });
  });

  test('of an XG request may be left out', async () => {
    expect(await said('xg', 'operate', clearTokens('phone'))).toMatchObject({ body: { ret_code: 0 } });
    expect(await said('xg', 'query', accountsOf('phone'))).toMatchObject({ body: { ret_code: 0 } });
  });

  test("of an XG request is refused where it is not the app's", async () => {
    const where = 'platform: is not the platform of this app';
    expect(await said('xg', 'operate', on('ios'))).toEqual(refusal('xg', 'operate', 'invalid', where));
    expect(await said('xg', 'query', { ...accountsOf('phone'), platform: 'iOS' })).toEqual(
      refusal('xg', 'query', 'invalid', where),
    );
  });

  test('of an XG request is android or ios', async () => {
    const where = 'platform: a platform is android or ios';
    expect(await said('xg', 'operate', on('windows'))).toEqual(refusal('xg', 'operate', 'invalid', where));
    expect(await said('xg', 'operate', on(''))).toEqual(refusal('xg', 'operate', 'invalid', where));
    expect(await said('xg', 'operate', on(1))).toEqual(
      refusal('xg', 'operate', 'wrongType', 'platform: Invalid input: expected string, received number'),
    );
  });

  test.each(['android', 'ios', 'windows', 7, null])('of a TPNS request is passed over: %s', async (platform) => {
    expect(await said('tpns', 'operate', on(platform))).toMatchObject({ body: { ret_code: 0 } });
  });
});

describe('what JSON allows', () => {
  const accepted = async (body: string | Buffer) => (await said('xg', 'operate', body)).body;

  test('a byte order mark before the body is passed over', async () => {
    const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(JSON.stringify(clearTokens('phone')))]);
    expect(await accepted(body)).toMatchObject({ ret_code: 0 });
  });

  test('of a key given twice the last counts', async () => {
    expect(
      await accepted('{"operator_type":9,"operator_type":4,"token_list":[],"token_list":["phone"]}'),
    ).toMatchObject({
      ret_code: 0,
      result: ['token_not_exists'],
    });
  });

  test('keys that are not of the API are passed over, wherever they stand', async () => {
    const body = { ...bind({ ...element('phone', { ...alice, seq: 1 }), push_id: '0' }), environment: 'dev', seq: 3 };
    expect(await accepted(JSON.stringify(body))).toMatchObject({ ret_code: 0 });
    expect(await accepted(JSON.stringify({ ...clearTokens('phone'), token_accounts: 5 }))).toMatchObject({
      ret_code: 0,
    });
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'the key %s reaches nothing, at any depth',
    async (key) => {
      const poison = `"${key}":{"polluted":true,"operator_type":4}`;
      const inner = `{"token":"phone",${poison},"account_list":[{"account":"alice",${poison}}]}`;
      expect(await accepted(`{${poison},"operator_type":1,"token_accounts":[${inner}]}`)).toMatchObject({
        ret_code: 0,
      });
      expect({}).not.toHaveProperty('polluted');
    },
  );

  test('an account named as what objects inherit is an account like any other', async () => {
    const { operate, held } = world();
    await operate('xg', tokenAccounts(1, 'constructor', '__proto__', 'toString'));
    expect(await held('xg', 'constructor')).toEqual(['0#__proto__', '0#toString']);
  });

  test('lists nested 30,000 deep are read, and refused or passed over by where they stand', async () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(await accepted(deep)).toMatchObject({ ret_code: 10103 });
    expect(await accepted(`{"operator_type":4,"token_list":["phone"],"x":${deep}}`)).toMatchObject({ ret_code: 0 });
    expect(await accepted(`{"operator_type":4,"token_list":${deep}}`)).toMatchObject({ ret_code: 10103 });
  });

  test('-0 and 1.0 are 0 and 1', async () => {
    const { send, held } = world();
    const body =
      '{"operator_type":1.0,"token_accounts":[{"token":"phone","account_list":[{"account":"alice","account_type":-0}]}]}';
    await send({ headers: basic('xg'), body: Buffer.from(body) });
    expect(await held('xg', 'phone')).toEqual(['0#alice']);
  });
});

test('a request of which one element is wrong changes none of its elements', async () => {
  const body = bind(element('phone', alice), element('tablet', account('a')));
  expect(await said('xg', 'operate', body)).toMatchObject({ body: { ret_code: 10103 }, changes: 0 });
});
