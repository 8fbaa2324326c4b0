import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { erase as eraseCommand } from '../../cli/erase/erase.ts';
import { NAMES } from '../../local/aws/resources.ts';
import { localClient } from '../aws/local-client.ts';
import { Caller } from '../local/caller.ts';
import { sharedInstance } from '../local/instance.ts';
import { run } from './run.ts';

const shared = sharedInstance();
const erase = (...options: string[]) => run(eraseCommand, options, shared());
const fileOf = (name: string) => join(shared().folder, name);
const APP = 'xg-android';

/** All items of both tables as one text. */
async function everything(): Promise<string> {
  const client = localClient('dynamodb', shared().instance.dynamodb);
  const tables = [NAMES.table, NAMES.history].map((TableName) => client.call('Scan', { TableName }));
  return JSON.stringify((await Promise.all(tables)).map(({ Items }) => Items));
}

/** The life of a person with two spellings and two types, beside another one. */
async function lifeOf(name: string): Promise<Caller> {
  const caller = new Caller(shared().instance);
  const ms = Date.now() - 60_000;
  await caller.send('user.login', { app: APP, token: `${name}-1`, account: `canary-${name}` }, ms);
  const both = [{ account: `canary-${name}` }, { account: `bob-${name}` }];
  await caller.send('user.login', { app: APP, token: `${name}-2`, accounts: both }, ms + 1);
  const mail = { account: `canary-${name}@example.com`, account_type: 7 };
  await caller.send('user.login', { app: 'tpns-ios', token: `${name}-3`, ...mail }, ms + 2);
  await caller.send('device.token_changed', { app: APP, old_token: `${name}-1`, token: `${name}-4` }, ms + 3);
  const logout = { app: APP, token: `${name}-5`, scope: 'account', account: `canary-${name}` };
  await caller.send('user.logout', logout, ms + 4);
  await caller.idle();
  return caller;
}

const spellings = (name: string) => ['--account', `canary-${name}`, '--also', `canary-${name}@example.com`];

test('an erase counts, and with --yes leaves the name in no item of the registry and of the history, and others bound', async () => {
  const caller = await lifeOf('ann');
  const before = await everything();
  const dry = await erase(...spellings('ann'));
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('Nothing was changed: add --yes to do it.') });
  expect(dry.out).toMatch(/tpns-ios +7 +2 +1\n +xg-android +0 +1 +3\n/);
  expect(await everything()).toBe(before);
  const { code, out } = await erase(...spellings('ann'), '--yes', '--receipt', fileOf('ann.json'));
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('name removed: 4 devices') });
  const left = await everything();
  expect(left).not.toContain('canary-ann');
  // In the registry, in the history of the token, and in his own.
  expect(left.split('bob-ann').length).toBeGreaterThan(3);
  expect(await caller.accountsOf(APP, ['ann-1', 'ann-2', 'ann-4'])).toEqual([[], ['bob-ann'], []]);
  expect(readFileSync(fileOf('ann.json'), 'utf8')).not.toContain('canary');
  expect(await erase(...spellings('ann'), '--check', fileOf('ann.json'))).toMatchObject({ code: 0 });
});

test('an event from before an erase binds nothing, and a sign-in after it binds, as the check of the receipt says', async () => {
  const caller = await lifeOf('eve');
  await erase(...spellings('eve'), '--yes', '--receipt', fileOf('eve.json'));
  const login = { app: APP, token: 'eve-9', account: 'canary-eve' };
  await caller.send('user.login', login, Date.now() - 30_000);
  expect(await caller.tokensOf(APP, 'canary-eve')).toEqual([]);
  await caller.send('user.login', { ...login, token: 'eve-1' });
  await caller.idle();
  expect(await caller.tokensOf(APP, 'canary-eve')).toEqual(['eve-1']);
  const { code, out } = await erase(...spellings('eve'), '--check', fileOf('eve.json'));
  expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('1 devices by events since') });
});

test('a receipt of another person, or a file that is none, is refused', async () => {
  await erase('--account', 'canary-max', '--yes', '--receipt', fileOf('max.json'));
  const other = await erase('--account', 'canary-other', '--check', fileOf('max.json'));
  expect(other).toMatchObject({ code: 1, err: expect.stringContaining('the receipt is not of this account') });
  writeFileSync(fileOf('none.json'), '{}');
  const none = await erase('--account', 'canary-max', '--check', fileOf('none.json'));
  expect(none).toMatchObject({ code: 1, err: expect.stringContaining('is no receipt') });
});

test('an erase whose receipt cannot be written erases nothing', async () => {
  const before = await everything();
  const { code, err } = await erase('--account', 'canary-eve', '--yes', '--receipt', fileOf('no-folder/eve.json'));
  expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('no-folder') });
  expect(await everything()).toBe(before);
});
