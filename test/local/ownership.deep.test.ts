import { expect, test } from 'vitest';
import { Caller } from './caller.ts';
import { sharedInstance } from './instance.ts';

const APP = 'xg-android';
const ACCOUNTS = Array.from({ length: 8 }, (_, i) => `account-${i}`);

/**
 * Logs all accounts in on all tokens at once. The logins of a token have different times, and each token has another
 * latest account. Returns the owners of the tokens and the tokens of the accounts, as found and as expected.
 */
async function contest(caller: Caller, count: number) {
  const tokens = Array.from({ length: count }, (_, i) => `contested-${i}`);
  const start = Date.now() - 10_000;
  const order = (token: number, account: number) => (account + token * 3) % ACCOUNTS.length;
  const latest = (token: number) => ACCOUNTS.find((_, a) => order(token, a) === ACCOUNTS.length - 1);
  const statuses = await Promise.all(
    ACCOUNTS.flatMap((account, a) =>
      tokens.map((token, t) => caller.send('user.login', { app: APP, token, account }, start + order(t, a))),
    ),
  );
  await caller.idle();
  const tokensOf = async (account: string) => (await caller.tokensOf(APP, account)).sort();
  return {
    found: {
      refused: statuses.filter((status) => status !== 200 && status !== 202),
      owners: await caller.accountsOf(APP, tokens),
      tokens: await Promise.all(ACCOUNTS.map(tokensOf)),
    },
    expected: {
      refused: [],
      owners: tokens.map((_, t) => [latest(t)]),
      tokens: ACCOUNTS.map((account) => tokens.filter((_, t) => latest(t) === account).sort()),
    },
  };
}

const shared = sharedInstance();

test('200 tokens, each taken by 8 accounts at once, end with the latest as their one owner', async () => {
  const { found, expected } = await contest(new Caller(shared().instance), 200);
  expect(found).toEqual(expected);
});
