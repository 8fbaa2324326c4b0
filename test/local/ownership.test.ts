import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfiguration } from '../../infra/configuration.ts';
import { type Local, startLocal } from '../../local/instance.ts';
import { Caller } from './caller.ts';

const TOKENS = 200;
const ACCOUNTS = 8;
const APP = 'xg-android';

let local: Local;
let caller: Caller;
beforeAll(async () => {
  const read = readConfiguration(join(import.meta.dirname, '../../bindery.json'));
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  local = await startLocal({ configuration: read.configuration, port: 0 });
  caller = new Caller(local);
});
afterAll(() => local.stop());

const tokens = (round: number) => Array.from({ length: TOKENS }, (_, i) => `token-${round}-${i}`);
const accountNames = Array.from({ length: ACCOUNTS }, (_, i) => `account-${i}`);

test.each([1, 2])(
  '200 tokens, each taken by 8 accounts at once, end with the latest as their one owner (round %i)',
  async (round) => {
    const start = Date.now() - 10_000;
    // Each account's login of a token has its own time, and which one is last differs from token to token.
    const at = (token: number, account: number) => start + ((account + token * 3) % ACCOUNTS);
    const requests = accountNames.flatMap((account, a) =>
      tokens(round).map((token, t) => () => caller.send('user.login', { app: APP, token, account }, at(t, a))),
    );
    const statuses = await Promise.all(requests.map((request) => request()));
    expect(statuses.filter((status) => status !== 200 && status !== 202)).toEqual([]);
    await caller.idle();

    const latest = (token: number) =>
      accountNames.findIndex((_, account) => at(token, account) === start + ACCOUNTS - 1);
    const owners = await caller.accountsOf(APP, tokens(round));
    expect(owners).toEqual(tokens(round).map((_, t) => [accountNames[latest(t)]]));

    const held = await Promise.all(accountNames.map((account) => caller.tokensOf(APP, account)));
    const ofRound = held.map((all) => all.filter((token) => token.startsWith(`token-${round}-`)).sort());
    const expected = accountNames.map((_, a) =>
      tokens(round)
        .filter((__, t) => latest(t) === a)
        .sort(),
    );
    expect(ofRound).toEqual(expected);
  },
);
