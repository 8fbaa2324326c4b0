import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
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
  const body = { ...(isTpnsQuery && { retCode: code, errMsg: message }), ret_code: code, err_msg: message };
  return { status: 200, body, changes: 0 };
}

const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const phone = (token: string, ...accounts: unknown[]) => ({ token, account_list: accounts });
const alice = { account: 'alice' };
const bind = (...elements: unknown[]) => ({ operator_type: 1, token_accounts: elements });
const clearTokens = (...tokens: unknown[]) => ({ operator_type: 4, token_list: tokens });
const clearAccounts = (...accounts: unknown[]) => ({ operator_type: 5, account_list: accounts });

const NO_JSON = 'the body is not JSON in UTF-8';
const OPERATIONS = 'a request is an object whose operator_type is 1 to 5';
const QUERIES = 'a request is an object whose operator_type is 1 or 2';
const ACCOUNT = 'token_accounts.0.account_list.0.account: an account is 2 to 255 bytes of text';
const TYPE = 'account_list.0.account_type';
const OPERATOR = 'op_id: the id of an operator is at most 255 bytes of text';
const expected = (where: string, type: string, received: string) =>
  `${where}: Invalid input: expected ${type}, received ${received}`;

type Row = [name: string, body: unknown, problem: Problem, where?: string, endpoint?: Endpoint];

const ROWS: readonly Row[] = [
  ['bytes that are not UTF-8', Buffer.from('{"\xff":1}', 'latin1'), 'malformed', NO_JSON],
  ['an array without its comma, as the documents print it', '{"a":[{}{}]}', 'malformed', NO_JSON, 'query'],
  ['null', 'null', 'wrongType', OPERATIONS],
  ['a list', [clearTokens('phone')], 'wrongType', OPERATIONS],
  ['a number', '5', 'wrongType', QUERIES, 'query'],
  ['no operator_type', { token_list: ['phone'] }, 'missing', `operator_type: ${OPERATIONS}`],
  ['the operator_type 1.5', { operator_type: 1.5 }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['an operator_type in text', { operator_type: '4' }, 'invalid', `operator_type: ${OPERATIONS}`],
  ['an infinite operator_type', '{"operator_type":1e400}', 'invalid', `operator_type: ${OPERATIONS}`],
  ['an inherited operator_type', '{"__proto__":{"operator_type":2}}', 'missing', `operator_type: ${QUERIES}`, 'query'],
  ['no list', { operator_type: 4 }, 'missing', expected('token_list', 'array', 'undefined')],
  ['an empty list', clearTokens(), 'invalid', 'token_list: a list is not empty'],
  [
    'a list of 21',
    bind(...many(21, (i) => phone(`t${i}`, alice))),
    'invalid',
    'token_accounts: a list has at most 20 elements',
  ],
  [
    'an object as a list',
    { operator_type: 4, token_list: { 0: 'a' } },
    'wrongType',
    expected('token_list', 'array', 'object'),
  ],
  ['a text as an element', bind('a'), 'wrongType', expected('token_accounts.0', 'object', 'string')],
  ['no token', bind({ account_list: [alice] }), 'missing', expected('token_accounts.0.token', 'string', 'undefined')],
  ['a number as a token', clearTokens('a', 5), 'wrongType', expected('token_list.1', 'string', 'number')],
  [
    'a number as an account',
    clearAccounts({ account: 15270 }),
    'wrongType',
    expected('account_list.0.account', 'string', 'number'),
  ],
  ['half a character', JSON.stringify(bind(phone('phone', account('al\ud800')))), 'invalid', ACCOUNT],
  [
    'a type that is text',
    clearAccounts({ ...alice, account_type: '1' }),
    'wrongType',
    expected(TYPE, 'number', 'string'),
  ],
  [
    'a type of 32 bits',
    clearAccounts(account(['alice', 2 ** 31])),
    'invalid',
    `${TYPE}: Too big: expected number to be <=2147483647`,
  ],
  [
    'an unknown op_type',
    { ...clearTokens('a'), op_type: 'fax' },
    'invalid',
    'op_type: an operator is qq, rtx, email or other',
  ],
  ['a number as op_id', { ...clearTokens('a'), op_id: 5 }, 'wrongType', expected('op_id', 'string', 'number')],
  ['an op_id of 256 bytes', { ...accountsOf('a'), op_id: 'a'.repeat(256) }, 'invalid', OPERATOR, 'query'],
];

const REFUSED = ROWS.flatMap((row) => (['xg', 'tpns'] as const).map((dialect) => [row[0], dialect, row] as const));

test.each(REFUSED)(
  '%s is refused in %s and changes nothing',
  async (_, dialect, [, body, problem, where, endpoint]) => {
    expect(await reply(dialect, endpoint ?? 'operate', body)).toEqual(
      refusal(dialect, endpoint ?? 'operate', problem, where),
    );
  },
);

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

test.each<[string, Dialect, string, number]>([
  ['an XG token of 66 bytes in 22 characters', 'xg', '用'.repeat(22), 64],
  ['an XG token with half a character', 'xg', 'ab\udc00', 64],
  ['a TPNS token of 1,001 bytes', 'tpns', 't'.repeat(1001), 1000],
  ['a TPNS token with half a character', 'tpns', '\ud800', 1000],
])('%s is refused in every list of tokens', async (_, dialect, token, most) => {
  const bodies: [Endpoint, unknown, string][] = [
    ['operate', tokenAccounts(1, token, 'alice'), 'token_accounts.0.token'],
    ['operate', clearTokens('phone', token), 'token_list.1'],
    ['query', accountsOf('phone', token), 'token_list.1'],
  ];
  for (const [endpoint, body, place] of bodies) {
    const where = `${place}: a token is 1 to ${most.toLocaleString('en')} bytes of text`;
    expect(await reply(dialect, endpoint, body)).toEqual(refusal(dialect, endpoint, 'invalid', where));
  }
});

test.each([
  'null',
  '(null)',
  'BLACKLISTED',
  '<0a1b2c3d 4e5f6071>',
  '00000000-0000-0000-0000-000000000000',
  ' alice',
  'alice\n',
])('the name "%s" is refused in binds, as a token and as an account; removals take it', async (name) => {
  const fault = name.includes('alice') ? 'begins or ends with a blank or a control character' : 'is what a program';
  for (const [token, id, place] of [
    ['phone', name, 'account_list.0.account'],
    [name, 'alice', 'token'],
  ] as const)
    for (const type of [1, 2] as const) {
      const { body, changes } = await reply('xg', 'operate', tokenAccounts(type, token, id));
      expect(body).toMatchObject({ ret_code: 10103, err_msg: expect.stringContaining(`0.${place}: ${fault}`) });
      expect(changes).toBe(0);
    }
  for (const body of [tokenAccounts(3, name, name), clearTokens(name), clearAccounts(account([name, 0]))])
    expect((await reply('xg', 'operate', body)).body).toMatchObject({ ret_code: 0 });
});

const HEX = '0A1b'.repeat(16);

test('a token of hexadecimal digits is one token in either case on iOS: its new owner replaces the old one', async () => {
  const { operate, query } = world();
  await operate('tpns', tokenAccounts(2, HEX.toUpperCase(), 'alice'));
  await operate('tpns', tokenAccounts(2, HEX.toLowerCase(), 'bobby'));
  expect(await query('tpns', tokensOf('alice', 'bobby'))).toMatchObject({
    account_tokens: [{ token_list: [] }, { token_list: [HEX.toLowerCase()] }],
  });
  expect(await query('tpns', accountsOf(HEX))).toMatchObject({
    token_accounts: [{ token: HEX, account_list: [{ account: 'bobby' }] }],
  });
  await operate('tpns', clearTokens(HEX));
  expect(await query('tpns', tokensOf('bobby'))).toMatchObject({ account_tokens: [{ token_list: [] }] });
});

test('the case of letters counts on Android, and in a shorter token', async () => {
  for (const [app, token] of [
    ['xg', HEX],
    ['tpns', HEX.slice(1)],
  ] as const) {
    const { operate, query } = world();
    await operate(app, tokenAccounts(2, token, 'alice'));
    await operate(app, tokenAccounts(2, token.toLowerCase(), 'bobby'));
    expect(await query(app, tokensOf('alice'))).toMatchObject({ account_tokens: [{ token_list: [token] }] });
  }
});

test('a spelling of an iOS token that an older version stored is not shown', async () => {
  const { ports, query } = world();
  await ports.accept({ id: 'event' }, [lateBind('tpns', HEX, 'alice')]);
  expect(await query('tpns', tokensOf('alice'))).toMatchObject({ account_tokens: [{ token_list: [] }] });
});

test('an XG query shows a token that is longer than XG allows, after an event bound it', async () => {
  const { ports, query } = world();
  const token = 'fcm'.repeat(50);
  await ports.accept({ id: 'event' }, [lateBind('xg', token, 'alice')]);
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
  ['an operator that is null', 'operate', { ...clearTokens('phone'), op_type: null, op_id: null }],
  ['an operator that is empty', 'query', { ...accountsOf('phone'), op_type: '', op_id: '' }],
  ['a platform that is null', 'operate', { ...clearTokens('phone'), platform: null }],
  ['an empty platform', 'query', { ...accountsOf('phone'), platform: '' }],
  ['a type that is null', 'operate', clearAccounts({ ...alice, account_type: null })],
  ['an empty type', 'query', { ...tokensOf('alice'), account_list: [{ ...alice, account_type: '' }] }],
  ['a type of an account on a token that is null', 'operate', bind(phone('a', { ...alice, account_type: null }))],
])('%s is accepted', async (_, endpoint, body) => {
  expect((await reply('xg', endpoint, body)).body).toMatchObject({ ret_code: 0 });
  const code = endpoint === 'query' ? 'retCode' : 'ret_code';
  expect((await reply('tpns', endpoint, body)).body).toMatchObject({ [code]: 0 });
});

const codeOf = async (body: string | Buffer) => (await reply('xg', 'operate', body)).body;
const DONE = { ret_code: 0 };

test.each<[string, string, object]>([
  ['a byte order mark before the body is ignored', `\ufeff${JSON.stringify(clearTokens('phone'))}`, DONE],
  [
    'the last of two equal keys counts',
    '{"operator_type":9,"operator_type":4,"token_list":[],"token_list":["phone"]}',
    { ...DONE, result: ['token_not_exists'] },
  ],
  ['a list of another operation is ignored', JSON.stringify({ ...clearTokens('phone'), token_accounts: 5 }), DONE],
])('%s', async (_, body, expected) => {
  expect(await codeOf(body)).toMatchObject(expected);
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
