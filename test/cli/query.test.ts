import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, sharedInstance, temporaryFolder } from '../local/started.ts';

const shared = sharedInstance();
const query = (...options: string[]) => run('cli/query.ts', options, shared().folder);
const send = (...options: string[]) => run('cli/send.ts', options, shared().folder);
const queryFrom = (folder: string, options: readonly string[]) => run('cli/query.ts', options, folder);
const lines = (out: string): string[] => out.trimEnd().split('\n');

describe('next to a local instance', () => {
  test('every app is asked for the tokens of an account', async () => {
    await send('login', '--app', 'xg-android', '--token', 'phone-1', '--account', 'alice');
    await send('login', '--app', 'tpns-ios', '--token', 'phone-2', '--account', 'alice');
    await send('login', '--app', 'tpns-ios', '--token', 'phone-3', '--account', 'alice');
    const { code, out, err } = await query('--account', 'alice');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(lines(out)).toEqual([
      '  app           account  type  token',
      '  xg-android    alice    0     phone-1',
      '  xg-ios        alice    0     -',
      '  tpns-android  alice    0     -',
      '  tpns-ios      alice    0     phone-3',
      '  tpns-ios      alice    0     phone-2',
    ]);
  });

  test('one app is asked for the accounts of a token', async () => {
    const who = ['--account', 'carol', '--account', 'bob', '--account-type', '3'];
    await send('login', '--app', 'tpns-ios', '--token', 'phone-5', ...who);
    expect(lines((await query('--app', 'tpns-ios', '--token', 'phone-5')).out)).toEqual([
      '  token    account  type',
      '  phone-5  carol    3',
      '  phone-5  bob      3',
    ]);
    await send('logout', '--app', 'tpns-ios', '--token', 'phone-5');
    expect(lines((await query('--app', 'tpns-ios', '--token', 'phone-5')).out)).toEqual([
      '  token    account  type',
      '  phone-5  -        -',
    ]);
  });

  test('an account type is part of who is asked for', async () => {
    await send('login', '--app', 'xg-ios', '--token', 'phone-6', '--account', 'diana', '--account-type', '3');
    const asked = (type: string) => query('--app', 'xg-ios', '--account', 'diana', '--account-type', type);
    expect(lines((await asked('3')).out).at(-1)).toBe('  diana    3     phone-6');
    expect(lines((await asked('2')).out).at(-1)).toBe('  diana    2     -');
  });

  test('what would move the cursor or turn the writing around is spelt out', async () => {
    const token = 'phone-\u001b[2J\u009b1A\u202e';
    await send('login', '--app', 'tpns-ios', '--token', token, '--account', 'eve\rroot');
    expect(lines((await query('--app', 'tpns-ios', '--token', token)).out)[1]).toBe(
      '  phone-\\u{1b}[2J\\u{9b}1A\\u{202e}  eve\\u{d}root  0',
    );
  });

  test('--json says the reply of each app in a line, in its own dialect', async () => {
    const { out } = await query('--token', 'phone-1', '--json');
    const [xg, , tpns] = lines(out).map((line) => JSON.parse(line));
    expect(xg).toMatchObject({ app: 'xg-android', status: 200, reply: { ret_code: 0 } });
    expect(tpns).toMatchObject({ app: 'tpns-android', status: 200, reply: { retCode: 0 } });
  });

  test('a token that is too long for XG is asked for in TPNS, and that is said', async () => {
    const { code, out, err } = await query('--token', 'x'.repeat(65));
    expect(code).toBe(1);
    expect(lines(out).map((line) => line.trim().split(' ')[0])).toEqual(['app', 'tpns-android', 'tpns-ios']);
    expect(lines(err)).toEqual([
      'xg-android: a token is 1 to 64 bytes of text',
      'xg-ios: a token is 1 to 64 bytes of text',
    ]);
  });

  test('a wrong secret is said, with what was answered', async () => {
    const { code, out, err } = await query('--app', 'tpns-ios', '--account', 'alice', '--secret', 'wrong');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^tpns-ios: HTTP 403: \{.*"retCode":1008003.*\}\n$/);
  });

  test('elsewhere, the app and its secret are given, and the dialect is the one that bindery.json has', async () => {
    const { instance } = shared();
    const app = instance.apps.find(({ dialect }) => dialect === 'tpns');
    const folder = temporaryFolder();
    const asked = [
      '--account',
      'alice',
      '--url',
      instance.url,
      '--app',
      app?.id ?? '',
      '--secret',
      app?.secretKey ?? '',
    ];
    expect((await queryFrom(folder, asked)).err).toBe(
      `bindery.json has no app "${app?.id}": say --dialect xg or --dialect tpns\n`,
    );
    expect(await queryFrom(folder, [...asked, '--dialect', 'tpns'])).toMatchObject({ code: 0, err: '' });
    const { id, dialect, platform } = app ?? {};
    const sources = [{ id: 'app', kind: 'standard-webhooks', apps: [id] }];
    writeFileSync(join(folder, 'bindery.json'), JSON.stringify({ apps: [{ id, dialect, platform }], sources }));
    expect(await queryFrom(folder, asked)).toMatchObject({ code: 0, err: '' });
  });
});

describe('what the user can put right is one line, with exit code 1:', () => {
  const remote = ['--url', 'http://127.0.0.1:1'];
  test.each([
    ['no question', [], 'ask for --account or for --token'],
    ['two questions', ['--account', 'alice', '--token', 't'], 'ask for --account or for --token'],
    ['an account that is none', ['--account', 'a'], '--account: an account is 2 to 255 bytes of text'],
    ['no app', ['--account', 'alice', ...remote], 'name an app with --app: each has a secret of its own'],
    [
      'no secret',
      ['--account', 'alice', '--app', 'a', ...remote],
      'no secret is known: give --secret, --secret-id or BINDERY_SECRET',
    ],
    [
      'a dialect that is none',
      ['--account', 'alice', '--app', 'a', '--dialect', 'x', ...remote],
      '--dialect x: a dialect is xg or tpns',
    ],
    [
      'nobody there',
      ['--account', 'alice', '--app', 'a', '--dialect', 'xg', '--secret', 's', ...remote],
      'nothing answers at http://127.0.0.1:1: is `npm start` running?',
    ],
    [
      'no instance',
      ['--account', 'alice'],
      'no instance runs in this directory: start one with `npm start`, or name one with --url',
    ],
  ])('%s', async (_, options, line) => {
    expect(await queryFrom(temporaryFolder(), options)).toEqual({ code: 1, out: '', err: `${line}\n` });
  });
});
