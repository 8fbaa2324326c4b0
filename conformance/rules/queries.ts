import { setTimeout } from 'node:timers/promises';
import { accountsOf, bind, clearTokens, tokensOf } from '../bodies.ts';
import { same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { accountsOn, given, label, operate, query, tokensWith } from '../steps.ts';

/** The pause between calls on different tokens if a rule checks their order (ms): an API may count in milliseconds. */
const TICK_MS = 5;

/** Rules for the two queries. */
export const QUERIES: readonly Rule[] = [
  {
    name: 'both-sides-agree',
    says: 'A binding is visible in the query by token and in the query by account.',
    from: 'document',
    check: async (api) => {
      const [phone, tablet, alice] = [api.token(), api.token(), api.account('alice')];
      await given(api, phone, alice);
      await given(api, tablet, alice);
      same('the accounts of the token', await accountsOn(api, phone), [label(alice)]);
      same('the tokens of the account', (await tokensWith(api, alice)).sort(), [phone, tablet].sort());
    },
  },
  {
    name: 'entries-in-order',
    says: 'A reply has an entry for each element of the query, in its order, and an empty one if nothing is bound.',
    from: 'bindery',
    check: async (api) => {
      const [phone, tablet, unknown] = [api.token(), api.token(), api.token()];
      const [alice, bobby, stranger] = [api.account('alice'), api.account('bobby'), api.account('stranger')];
      await given(api, phone, alice);
      await given(api, tablet, bobby);
      const { token_accounts } = await query(api, accountsOf(tablet, unknown, phone));
      const accounts = token_accounts.map(({ token, account_list }) => [token, account_list.map(label)]);
      const byToken = [
        [tablet, [label(bobby)]],
        [unknown, []],
        [phone, [label(alice)]],
      ];
      same('the entries by token', accounts, byToken);
      const { account_tokens } = await query(api, tokensOf(bobby, stranger, alice));
      const tokens = account_tokens.map((entry) => [label(entry), entry.token_list]);
      const byAccount = [
        [label(bobby), [tablet]],
        [label(stranger), []],
        [label(alice), [phone]],
      ];
      same('the entries by account', tokens, byAccount);
    },
  },
  {
    name: 'asked-twice',
    says: 'An element that a query names twice has two entries.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      await given(api, phone, alice);
      const { token_accounts } = await query(api, accountsOf(phone, phone));
      same(
        'the entries',
        token_accounts.map(({ token }) => token),
        [phone, phone],
      );
    },
  },
  {
    name: 'newest-token-first',
    says: 'The tokens of an account are in order of their last bind, the newest first.',
    from: 'bindery',
    check: async (api) => {
      const [phone, tablet, watch, alice] = [api.token(), api.token(), api.token(), api.account('alice')];
      for (const token of [phone, tablet, watch]) {
        await given(api, token, alice);
        await setTimeout(TICK_MS);
      }
      await operate(api, bind(phone, alice));
      await api.eventually(async () =>
        same('the tokens of the account', await tokensWith(api, alice), [phone, watch, tablet]),
      );
    },
  },
  {
    name: 'all-accounts-show',
    says: 'A token shows all its accounts, the newest first, and each of them shows the token.',
    from: 'bindery',
    only: { policy: 'many' },
    check: async (api) => {
      const phone = api.token();
      const accounts = Array.from({ length: 12 }, (_, i) => api.account(`${i}`));
      for (const account of accounts) await operate(api, bind(phone, account));
      await api.eventually(async () =>
        same('the accounts of the token', await accountsOn(api, phone), accounts.toReversed().map(label)),
      );
      for (const account of accounts) same('the tokens of an account', await tokensWith(api, account), [phone]);
    },
  },
  {
    name: 'query-sees-removal',
    says: 'A query after the answer to a removal does not show the removed bindings.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      for (let i = 0; i < 5; i++) {
        await given(api, phone, alice);
        await operate(api, clearTokens(phone));
        same('the accounts of the token', await accountsOn(api, phone), []);
        same('the tokens of the account', await tokensWith(api, alice), []);
      }
    },
  },
];
