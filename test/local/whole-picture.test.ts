import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../../cli/account-query.ts';
import { Account, AccountId, Token } from '../../functions/core/account.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import type { Instance } from '../../local/description.ts';
import { type Local, startLocal } from '../../local/instance.ts';
import { postEvents } from '../world/events.ts';
import { CONFIG } from './started.ts';

const read = readConfiguration(CONFIG);
if ('problems' in read) throw new Error(read.problems.join('\n'));
const { configuration } = read;

let local: Local;
beforeAll(async () => {
  local = await startLocal({ configuration, port: 0 });
});
afterAll(() => local.stop());

type App = Instance['apps'][number];

const send = (type: string, data: object): Promise<number> =>
  postEvents({ url: local.url, source: local.sources[0] }, [[type, data]]);

/** Who is bound to whom, as the app's own clients are told: the accounts of the token, and the tokens of the account. */
async function boundIn({ id, dialect, secretKey }: App, token: string, account: string) {
  const speaker = { app: id, dialect, secret: secretKey };
  const named = Account.parse({ type: 0, id: account });
  const accounts = await ask(local.url, speaker, { kind: 'accountsOf', tokens: [Token.parse(token)] });
  const tokens = await ask(local.url, speaker, { kind: 'tokensOf', accounts: [named] });
  return [accounts.found?.accountsOf?.[0]?.accounts.map((one) => one.id), tokens.found?.tokensOf?.[0]?.tokens];
}

describe.each(configuration.apps)('app $id ($dialect, $policy)', ({ id }) => {
  const [token, other, alice, bob] = ['phone-1', 'phone-2', 'alice', 'bob'].map((name) => `${id}-${name}`);
  const app = (): App => {
    const found = local.apps.find((one) => one.id === id);
    if (found === undefined) throw new Error(`there is no app ${id}`);
    return found;
  };
  const bound = (ofToken = '', ofAccount = '') => boundIn(app(), ofToken, ofAccount);

  test('login, query, logout, query', async () => {
    expect(await send('user.login', { app: id, token, account: alice })).toBe(200);
    expect(await bound(token, alice)).toEqual([[alice], [token]]);
    expect(await send('user.logout', { app: id, token })).toBe(200);
    expect(await bound(token, alice)).toEqual([[], []]);
  });

  test('the next login takes the phone', async () => {
    await send('user.login', { app: id, token, account: alice });
    await send('user.login', { app: id, token, account: bob });
    expect(await bound(token, alice)).toEqual([[bob], []]);
  });

  test('signing out everywhere frees every phone', async () => {
    await send('user.login', { app: id, token, account: alice });
    await send('user.login', { app: id, token: other, account: alice });
    expect(await bound(token, alice)).toEqual([[alice], [other, token]]);
    expect(await send('user.logout_everywhere', { account: alice })).toBe(200);
    expect(await bound(token, alice)).toEqual([[], []]);
  });

  test('a phone that gets a new token is found by that', async () => {
    const accounts = [{ account: AccountId.parse(bob) }];
    await send('user.login', { app: id, token, account: bob });
    expect(await send('device.token_changed', { app: id, old_token: token, token: other, accounts })).toBe(200);
    expect(await bound(token, bob)).toEqual([[], [other]]);
  });
});

test('what one app has bound, another does not see', async () => {
  const [first, second] = local.apps;
  if (first === undefined || second === undefined) throw new Error('there are not two apps');
  await send('user.login', { app: first.id, token: 'shared', account: 'carol' });
  expect(await boundIn(first, 'shared', 'carol')).toEqual([['carol'], ['shared']]);
  expect(await boundIn(second, 'shared', 'carol')).toEqual([[], []]);
});

test('an account may have any characters, those that SQS refuses too', async () => {
  const [app] = local.apps;
  if (app === undefined) throw new Error('there is no app');
  expect(await send('user.login', { app: app.id, token: 'phone-🙂', account: '爱丽丝🙂' })).toBe(200);
  expect(await boundIn(app, 'phone-🙂', '爱丽丝🙂')).toEqual([['爱丽丝🙂'], ['phone-🙂']]);
});

test('a process runs one instance', async () => {
  await expect(startLocal({ configuration, port: 0 })).rejects.toThrow('one local instance');
});
