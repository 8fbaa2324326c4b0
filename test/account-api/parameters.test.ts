import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { type Endpoint, PATHS } from '../../functions/account-api/wire/endpoint.ts';
import { account, accountsOf, basic, json, lateBind, tokenAccounts, tokensOf, world } from '../world/account-api.ts';

// The rules in conformance/rules/{errors,limits,requests}.ts hold the codes. The tests here hold the texts, and the bodies
// that a client of the rules cannot send: bytes that are not text, and limits that need room.

type Dialect = 'xg' | 'tpns';

/** Sends a body to a new world. Returns the reply's status and body, and the number of changes. */
async function reply(app: Dialect, endpoint: Endpoint, body: unknown) {
  const { send, changes } = world();
  const bytes = Buffer.isBuffer(body) ? body : typeof body === 'string' ? Buffer.from(body) : json(body);
  const answer = await send({ path: PATHS[endpoint], headers: basic(app), body: bytes });
  return { status: answer.status, body: answer.body, changes: changes() };
}

const XG_INVALID = [10103, 'Parameter value is invalid. Please check and retry'] as const;
const TEXTS = {
  xg: {
    missing: [10102, 'Parameter is missing. Please check and retry'],
    invalid: XG_INVALID,
    wrongType: XG_INVALID,
    malformed: XG_INVALID,
  },
  tpns: {
    missing: [1008002, 'missing parameter'],
    invalid: [1008007, 'invalid parameter'],
    wrongType: [1008001, 'parameter parse error'],
    malformed: [1008001, 'parameter parse error'],
  },
} as const;

type Problem = keyof (typeof TEXTS)['xg'];

/** The whole reply: the dialect's code and text, then the place and the broken rule. */
function refusal(dialect: Dialect, endpoint: Endpoint, problem: Problem, where = '') {
  const [code, text] = TEXTS[dialect][problem];
  const message = where === '' ? text : `${text}: ${where}`;
  const isTpnsQuery = dialect === 'tpns' && endpoint === 'query';
  const body = isTpnsQuery ? { retCode: code, errMsg: message } : { ret_code: code, err_msg: message };
  return { status: 200, body, changes: 0 };
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const element = (token: unknown, ...accounts: unknown[]) => ({ token, account_list: accounts });
const alice = { account: 'alice' };
const bind = (...elements: unknown[]) => ({ operator_type: 1, token_accounts: elements });
const clearTokens = (...tokens: unknown[]) => ({ operator_type: 4, token_list: tokens });
const clearAccounts = (...accounts: unknown[]) => ({ operator_type: 5, account_list: accounts });

const OPERATIONS = 'a request is an object whose operator_type is 1 to 5';
const QUERIES = 'a request is an object whose operator_type is 1 or 2';
const ACCOUNT = 'token_accounts.0.account_list.0.account: an account is 2 to 255 bytes of text';
const expected = (where: string, type: string, received: string) =>
  `${where}: Invalid input: expected ${type}, received ${received}`;

type Row = [name: string, endpoint: Endpoint, body: unknown, problem: Problem, where?: string];

const ROWS: readonly Row[] = [
  ['bytes that are not UTF-8', 'operate', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'malformed'],
  ['UTF-16', 'operate', Buffer.from('{"operator_type":4}', 'utf16le'), 'malformed'],
  ['a compressed body', 'operate', Buffer.from([0x1f, 0x8b, 0x08, 0x00]), 'malformed'],
  ['an array without its comma, as the documents print it', 'query', '{"a":[{}{}]}', 'malformed'],
  ['null', 'operate', 'null', 'wrongType', OPERATIONS],
  ['a list', 'operate', [clearTokens('phone')], 'wrongType', OPERATIONS],
  ['a number', 'query', '5', 'wrongType', QUERIES],
  ['a text', 'query', '"operator_type"', 'wrongType', QUERIES],
  ['no operator_type', 'operate', { token_list: ['phone'] }, 'missing', `operator_type: ${OPERATIONS}`],
  ['the operator_type 1.5', 'operate', { operator_type: 1.5 }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['an operator_type in text', 'operate', { operator_type: '4' }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['an infinite operator_type', 'operate', '{"operator_type":1e400}', 'invalid', `operator_type: ${OPERATIONS}`],
  ['an inherited operator_type', 'query', '{"__proto__":{"operator_type":2}}', 'missing', `operator_type: ${QUERIES}`],
  ['no list', 'operate', { operator_type: 4 }, 'missing', expected('token_list', 'array', 'undefined')],
  ['an empty list', 'operate', clearTokens(), 'invalid', 'token_list: a list is not empty'],
  [
    'a list that is too long',
    'operate',
    bind(...many(21, (i) => element(`token ${i}`, alice))),
    'invalid',
    'token_accounts: a list has at most 20 elements',
  ],
  ['a list that is null', 'operate', clearListOf(null), 'wrongType', expected('token_list', 'array', 'null')],
  ['an object as a list', 'operate', clearListOf({ 0: 'a' }), 'wrongType', expected('token_list', 'array', 'object')],
  ['a text as an element', 'operate', bind('a'), 'wrongType', expected('token_accounts.0', 'object', 'string')],
  [
    'an element without its token',
    'operate',
    bind({ account_list: [alice] }),
    'missing',
    expected('token_accounts.0.token', 'string', 'undefined'),
  ],
  ['a number as a token', 'operate', clearTokens('a', 5), 'wrongType', expected('token_list.1', 'string', 'number')],
  [
    'a number as an account',
    'operate',
    bind(element('phone', { account: 1527000000 })),
    'wrongType',
    expected('token_accounts.0.account_list.0.account', 'string', 'number'),
  ],
  ['an account of one byte', 'operate', bind(element('phone', account('a'))), 'invalid', ACCOUNT],
  ['half a character', 'operate', JSON.stringify(bind(element('phone', account('al\ud800')))), 'invalid', ACCOUNT],
  [
    'an account type that is null',
    'operate',
    clearAccounts({ ...alice, account_type: null }),
    'wrongType',
    expected('account_list.0.account_type', 'number', 'null'),
  ],
  [
    'an account type below 0',
    'operate',
    clearAccounts(account(['alice', -1])),
    'invalid',
    'account_list.0.account_type: Too small: expected number to be >=0',
  ],
  [
    'an account type of more than 31 bits',
    'operate',
    clearAccounts(account(['alice', 2_147_483_648])),
    'invalid',
    'account_list.0.account_type: Too big: expected number to be <=2147483647',
  ],
  [
    'an unknown op_type',
    'operate',
    { ...clearTokens('phone'), op_type: 'fax' },
    'invalid',
    'op_type: an operator is qq, rtx, email or other',
  ],
  ['a number as op_id', 'query', { ...accountsOf('a'), op_id: 5 }, 'wrongType', expected('op_id', 'string', 'number')],
  [
    'an op_id of 256 bytes',
    'query',
    { ...accountsOf('phone'), op_id: 'a'.repeat(256) },
    'invalid',
    'op_id: the id of an operator is at most 255 bytes of text',
  ],
];

function clearListOf(token_list: unknown) {
  return { operator_type: 4, token_list };
}

describe.each(['xg', 'tpns'] as const)('%s refuses the whole request and changes nothing', (dialect) => {
  test.each(ROWS)('%s is refused', async (_, endpoint, body, problem, where) => {
    expect(await reply(dialect, endpoint, body)).toEqual(refusal(dialect, endpoint, problem, where));
  });
});

test.each<[string, Problem, unknown]>([
  ['is not the platform of this app', 'invalid', 'iOS'],
  ['a platform is android or ios', 'invalid', 'windows'],
  ['Invalid input: expected string, received number', 'wrongType', 1],
])('an XG platform is refused with the text "%s"', async (text, problem, platform) => {
  for (const [endpoint, body] of [['operate', clearTokens('phone')] as const, ['query', accountsOf('phone')] as const])
    expect(await reply('xg', endpoint, { ...body, platform })).toEqual(
      refusal('xg', endpoint, problem, `platform: ${text}`),
    );
});

test.each<[string, Dialect, string]>([
  ['an XG token of 63 bytes in 21 characters', 'xg', '用'.repeat(21)],
  ['a TPNS token of one byte', 'tpns', 't'],
  ['a TPNS token of 1,000 bytes', 'tpns', 't'.repeat(1000)],
  ['a TPNS token of 999 bytes in 333 characters', 'tpns', '用'.repeat(333)],
  ['a token with control characters', 'xg', 'a\0b\r\nc\u202e'],
])('%s is accepted', async (_, dialect, token) => {
  const { operate, held } = world();
  expect(await operate(dialect, tokenAccounts(1, token, 'alice'))).toMatchObject({ ret_code: 0 });
  expect(await held(dialect, token)).toEqual(['0#alice']);
});

test.each<[string, Dialect, string, number]>([
  ['an XG token of 66 bytes in 22 characters', 'xg', '用'.repeat(22), 64],
  ['an XG token with half a character', 'xg', 'ab\udc00', 64],
  ['an empty TPNS token', 'tpns', '', 1000],
  ['a TPNS token of 1,001 bytes', 'tpns', 't'.repeat(1001), 1000],
  ['a TPNS token of 1,002 bytes in 334 characters', 'tpns', '用'.repeat(334), 1000],
  ['a TPNS token with half a character', 'tpns', '\ud800', 1000],
])('%s is refused in every operation and query', async (_, dialect, token, most) => {
  const bodies: [Endpoint, unknown, string][] = [
    ...([1, 2, 3] as const).map((kind): [Endpoint, unknown, string] => [
      'operate',
      tokenAccounts(kind, token, 'alice'),
      'token_accounts.0.token',
    ]),
    ['operate', clearTokens('phone', token), 'token_list.1'],
    ['query', accountsOf('phone', token), 'token_list.1'],
  ];
  for (const [endpoint, body, place] of bodies) {
    const where = `${place}: a token is 1 to ${most.toLocaleString('en')} bytes of text`;
    expect(await reply(dialect, endpoint, body)).toEqual(refusal(dialect, endpoint, 'invalid', where));
  }
});

test('an XG query shows a token that is longer than XG allows, after an event bound it', async () => {
  const { ports, query } = world();
  const token = 'fcm'.repeat(50);
  await ports.accept('event', [lateBind('xg', token, 'alice')]);
  expect(await query('xg', tokensOf('alice'))).toMatchObject({ account_tokens: [{ token_list: [token] }] });
});

test.each<[string, Endpoint, unknown]>([
  ['an operation on 500 tokens', 'operate', clearTokens(...many(500, (i) => `t${i}`))],
  ['an operation on 100 accounts', 'operate', clearAccounts(...many(100, (i) => account(`user ${i}`)))],
  ['a query of 100 tokens', 'query', accountsOf(...many(100, (i) => `t${i}`))],
  ['a query of 100 accounts', 'query', tokensOf(...many(100, (i) => `user ${i}`))],
  ['the account type 2147483647', 'operate', clearAccounts(account(['alice', 2_147_483_647]))],
  ['an op_id of 255 bytes', 'operate', { ...clearTokens('phone'), op_type: 'other', op_id: 'a'.repeat(255) }],
  ['an empty op_id', 'operate', { ...clearTokens('phone'), op_id: '' }],
])('%s is accepted', async (_, endpoint, body) => {
  expect((await reply('xg', endpoint, body)).body).toMatchObject({ ret_code: 0 });
  const code = endpoint === 'query' ? 'retCode' : 'ret_code';
  expect((await reply('tpns', endpoint, body)).body).toMatchObject({ [code]: 0 });
});

const codeOf = async (body: string | Buffer) => (await reply('xg', 'operate', body)).body;
const DONE = { ret_code: 0 };

test('a byte order mark before the body is ignored', async () => {
  expect(await codeOf(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), json(clearTokens('phone'))]))).toMatchObject(
    DONE,
  );
});

test('the last of two equal keys counts', async () => {
  const body = '{"operator_type":9,"operator_type":4,"token_list":[],"token_list":["phone"]}';
  expect(await codeOf(body)).toMatchObject({ ...DONE, result: ['token_not_exists'] });
});

test('a list of another operation is ignored', async () => {
  expect(await codeOf(JSON.stringify({ ...clearTokens('phone'), token_accounts: 5 }))).toMatchObject(DONE);
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'the key %s changes no object, at any depth',
  async (key) => {
    const poison = `"${key}":{"polluted":true,"operator_type":4}`;
    const inner = `{"token":"phone",${poison},"account_list":[{"account":"alice",${poison}}]}`;
    expect(await codeOf(`{${poison},"operator_type":1,"token_accounts":[${inner}]}`)).toMatchObject(DONE);
    expect({}).not.toHaveProperty('polluted');
  },
);

test('lists nested 30,000 deep are refused, or ignored under an unknown key', async () => {
  const deep = '['.repeat(30_000) + ']'.repeat(30_000);
  expect(await codeOf(deep)).toMatchObject({ ret_code: 10103 });
  expect(await codeOf(`{"operator_type":4,"token_list":["phone"],"x":${deep}}`)).toMatchObject(DONE);
  expect(await codeOf(`{"operator_type":4,"token_list":${deep}}`)).toMatchObject({ ret_code: 10103 });
});

test('-0 and 1.0 are read as 0 and 1', async () => {
  const { send, held } = world();
  const accounts = '[{"account":"alice","account_type":-0}]';
  const body = `{"operator_type":1.0,"token_accounts":[{"token":"phone","account_list":${accounts}}]}`;
  await send({ headers: basic('xg'), body: Buffer.from(body) });
  expect(await held('xg', 'phone')).toEqual(['0#alice']);
});
