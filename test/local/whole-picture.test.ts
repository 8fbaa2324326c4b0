import { describe, expect, test } from 'vitest';
import { ask } from '../../cli/query.ts';
import { Account, AccountId, Token } from '../../functions/core/account.ts';
import { startLocal } from '../../local/instance.ts';
import { Caller } from './caller.ts';
import { exampleConfiguration, sharedInstance } from './instance.ts';

const configuration = exampleConfiguration();
const shared = sharedInstance();

const send = (type: string, data: object): Promise<number> => new Caller(shared().instance).send(type, data);

/** Queries the accounts of the token and the tokens of the account, in the dialect of the app. */
async function boundIn(app: string, token: string, account: string) {
  const { url, apps } = shared().instance;
  const found = apps.find(({ id }) => id === app);
  if (found === undefined) throw new Error(`bug: the instance has no app ${app}`);
  const credential = { app: found.id, dialect: found.dialect, secret: found.secretKey };
  const named = Account.parse({ type: 0, id: account });
  const accounts = await ask(url, credential, { kind: 'accountsOf', tokens: [Token.parse(token)] });
  const tokens = await ask(url, credential, { kind: 'tokensOf', accounts: [named] });
  return [accounts.found?.accountsOf?.[0]?.accounts.map((one) => one.id), tokens.found?.tokensOf?.[0]?.tokens];
}

describe.each(configuration.apps)('app $id ($dialect, $policy)', ({ id }) => {
  const [token, other, alice, bob] = ['phone-1', 'phone-2', 'alice', 'bob'].map((name) => `${id}-${name}`);
  const bound = (ofToken = '', ofAccount = '') => boundIn(id, ofToken, ofAccount);

  test('a login is returned by queries until the logout', async () => {
    expect(await send('user.login', { app: id, token, account: alice })).toBe(200);
    expect(await bound(token, alice)).toEqual([[alice], [token]]);
    expect(await send('user.logout', { app: id, token })).toBe(200);
    expect(await bound(token, alice)).toEqual([[], []]);
  });

  test('the next login takes the phone from the account before', async () => {
    await send('user.login', { app: id, token, account: alice });
    await send('user.login', { app: id, token, account: bob });
    expect(await bound(token, alice)).toEqual([[bob], []]);
  });

  test('a logout everywhere frees every phone', async () => {
    await send('user.login', { app: id, token, account: alice });
    await send('user.login', { app: id, token: other, account: alice });
    expect(await bound(token, alice)).toEqual([[alice], [other, token]]);
    expect(await send('user.logout_everywhere', { account: alice })).toBe(200);
    expect(await bound(token, alice)).toEqual([[], []]);
  });

  test('a phone is found by its new token after a change', async () => {
    const accounts = [{ account: AccountId.parse(bob) }];
    await send('user.login', { app: id, token, account: bob });
    expect(await send('device.token_changed', { app: id, old_token: token, token: other, accounts })).toBe(200);
    expect(await bound(token, bob)).toEqual([[], [other]]);
  });
});

test('an account may have any characters, also those that SQS refuses', async () => {
  expect(await send('user.login', { app: 'xg-android', token: 'phone-🙂', account: '爱丽丝🙂' })).toBe(200);
  expect(await boundIn('xg-android', 'phone-🙂', '爱丽丝🙂')).toEqual([['爱丽丝🙂'], ['phone-🙂']]);
});

test('a process runs one instance', async () => {
  await expect(startLocal({ configuration, port: 0 })).rejects.toThrow('one local instance');
});
