import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { query as queryCommand } from '../../cli/query.ts';
import { send as sendCommand } from '../../cli/send.ts';
import { sharedInstance, temporaryFolder } from '../local/instance.ts';
import { run } from './run.ts';

const shared = sharedInstance();
const query = (...options: string[]) => run(queryCommand, options, shared());
const send = (...options: string[]) => run(sendCommand, options, shared());
const queryFrom = (folder: string, options: readonly string[]) => run(queryCommand, options, { folder });
const lines = (out: string): string[] => out.trimEnd().split('\n');

test('a query for an account prints its tokens in every app', async () => {
  await send('login', '--app', 'xg-android', '--token', 'phone-1', '--account', 'alice');
  await send('login', '--app', 'tpns-ios', '--token', 'phone-2', '--account', 'alice');
  await send('login', '--app', 'tpns-ios', '--token', 'phone-3', '--account', 'alice');
  const { code, out, err } = await query('--account', 'alice');
  expect({ code, err }).toEqual({ code: 0, err: `${shared().instance.url}\n` });
  expect(lines(out)).toEqual([
    '  app           account  type  token',
    '  xg-android    alice    0     phone-1',
    '  xg-ios        alice    0     -',
    '  tpns-android  alice    0     -',
    '  tpns-ios      alice    0     phone-3',
    '  tpns-ios      alice    0     phone-2',
  ]);
});

test.each([
  [
    'prints its accounts in one app',
    { token: 'phone-5', accounts: ['carol', 'bob'] },
    ['  token    account  type', '  phone-5  carol    3', '  phone-5  bob      3'],
  ],
  [
    'prints aligned columns of Chinese accounts, whose characters take two columns of a terminal',
    { token: 'phone-7', accounts: ['爱丽丝', 'bob'] },
    ['  token    account  type', '  phone-7  爱丽丝   3', '  phone-7  bob      3'],
  ],
  [
    'spells out control characters',
    { token: 'phone-\u001b[2J\u009b1A\u202e', accounts: ['eve\rroot'] },
    [expect.anything(), '  phone-\\u{1b}[2J\\u{9b}1A\\u{202e}  eve\\u{d}root  3'],
  ],
  [
    'prints a line without an account if it has none',
    { token: 'phone-8', accounts: [] },
    [expect.anything(), '  phone-8  -        -'],
  ],
])('a query for a token %s', async (_, { token, accounts }, printed) => {
  const on = ['--app', 'xg-android', '--token', token];
  const bound = accounts.flatMap((account) => ['--account', account]);
  if (bound.length > 0) await send('login', ...on, ...bound, '--account-type', '3');
  expect(lines((await query(...on)).out)).toEqual(printed);
});

test('a query for an account of one type does not find the account of another type', async () => {
  await send('login', '--app', 'xg-ios', '--token', 'phone-6', '--account', 'diana', '--account-type', '3');
  const found = (type: string) => query('--app', 'xg-ios', '--account', 'diana', '--account-type', type);
  expect(lines((await found('3')).out).at(-1)).toBe('  diana    3     phone-6');
  expect(lines((await found('2')).out).at(-1)).toBe('  diana    2     -');
});

test('`query --json` prints the reply of each app in its dialect, one a line', async () => {
  const { out } = await query('--token', 'phone-1', '--json');
  const [xg, , tpns] = lines(out).map((line) => JSON.parse(line));
  expect(xg).toMatchObject({ app: 'xg-android', status: 200, reply: { ret_code: 0 } });
  expect(tpns).toMatchObject({ app: 'tpns-android', status: 200, reply: { retCode: 0 } });
});

test('a token that is too long for XG is queried in TPNS only, and the error says so', async () => {
  const { code, out, err } = await query('--token', 'x'.repeat(65));
  expect(code).toBe(1);
  expect(lines(out).map((line) => line.trim().split(' ')[0])).toEqual(['app', 'tpns-android', 'tpns-ios']);
  expect(lines(err).slice(1)).toEqual([
    'xg-android: a token is 1 to 64 bytes of text',
    'xg-ios: a token is 1 to 64 bytes of text',
  ]);
});

test('`query --hosted` is refused if no hosted API runs', async () => {
  expect(lines((await query('--hosted', '--token', 'phone-1')).err).at(-1)).toBe(
    'no hosted API runs here: start one with `npx bindery start --mirror`, or query yours with --url',
  );
});

test('a query with a wrong secret prints the refusal', async () => {
  const { code, out, err } = await query('--app', 'tpns-ios', '--account', 'alice', '--secret', 'wrong');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(lines(err).at(-1)).toMatch(/^tpns-ios: HTTP 403: \{.*"retCode":1008003.*\}$/);
});

test('a query of another instance takes the dialect of its app from bindery.json', async () => {
  const { instance } = shared();
  const app = instance.apps.find(({ dialect }) => dialect === 'tpns');
  const folder = temporaryFolder();
  const there = ['--url', instance.url, '--app', app?.id ?? '', '--secret', app?.secretKey ?? ''];
  const options = ['--account', 'alice', ...there];
  expect((await queryFrom(folder, options)).err).toBe(
    `bindery.json has no app "${app?.id}": give --dialect xg or --dialect tpns\n`,
  );
  expect(await queryFrom(folder, [...options, '--dialect', 'tpns'])).toMatchObject({ code: 0, err: '' });
  const { id, dialect, platform } = app ?? {};
  const sources = [{ id: 'app', kind: 'standard-webhooks', apps: [id] }];
  writeFileSync(join(folder, 'bindery.json'), JSON.stringify({ apps: [{ id, dialect, platform }], sources }));
  expect(await queryFrom(folder, options)).toMatchObject({ code: 0, err: '' });
});

const remote = ['--url', 'http://127.0.0.1:1'];
test.each([
  ['no question', [], 'give either --account or --token'],
  ['two questions', ['--account', 'alice', '--token', 't'], 'give either --account or --token'],
  ['an invalid account', ['--account', 'a'], '--account: an account is 2 to 255 bytes of text'],
  ['no app', ['--account', 'alice', ...remote], 'give an app with --app: each app has its own secret'],
  [
    'no secret',
    ['--account', 'alice', '--app', 'a', ...remote],
    'the secret is missing: give --secret, --secret-id or BINDERY_SECRET',
  ],
  [
    'an unknown dialect',
    ['--account', 'alice', '--app', 'a', '--dialect', 'x', ...remote],
    '--dialect x: a dialect is xg or tpns',
  ],
  [
    'an address where nothing answers',
    ['--account', 'alice', '--app', 'a', '--dialect', 'xg', '--secret', 's', ...remote],
    'nothing answers at http://127.0.0.1:1: is `npx bindery start` running?',
  ],
  [
    'no instance',
    ['--account', 'alice'],
    'no instance runs in this directory: start one with `npx bindery start`, or give --url',
  ],
])('a query with %s is refused in one line', async (_, options, line) => {
  expect(await queryFrom(temporaryFolder(), options)).toEqual({ code: 1, out: '', err: `${line}\n` });
});
