import { bind, clearAccounts, clearTokens, override, unbind } from '../bodies.ts';
import { SPELLINGS } from '../dialects.ts';
import { isTrue, same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { accountsOn, given, holds, operate, stays, tokensWith } from '../steps.ts';

/** Rules for repeated elements, repeated calls and simultaneous calls. */
export const REPETITION: readonly Rule[] = [
  {
    name: 'bind-again',
    says: 'Binding a bound account again succeeds and changes nothing.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      await given(api, phone, alice);
      same('the results', await operate(api, bind(phone, alice)), [SPELLINGS[api.dialect].done]);
      same('the results', await operate(api, override(phone, alice)), [SPELLINGS[api.dialect].done]);
      await stays(api, phone, alice);
      same('the tokens of the account', await tokensWith(api, alice), [phone]);
    },
  },
  {
    name: 'unbind-what-is-not-bound',
    says: 'Removing a binding that does not exist succeeds and changes nothing.',
    from: 'bindery',
    check: async (api) => {
      const { done } = SPELLINGS[api.dialect];
      const [phone, alice] = [api.token(), api.account('alice')];
      await given(api, phone, alice);
      same('the results', await operate(api, unbind(phone, api.account('stranger'))), [done]);
      same('the results', await operate(api, clearAccounts(api.account('stranger'))), [done]);
      await stays(api, phone, alice);
    },
  },
  {
    name: 'unknown-token',
    says: 'Removals on a token never seen succeed as a whole, with a result of their own.',
    from: 'bindery',
    check: async (api) => {
      const { unknownToken } = SPELLINGS[api.dialect];
      same('of operation 3', await operate(api, unbind(api.token(), api.account('alice'))), [unknownToken]);
      same('of operation 4', await operate(api, clearTokens(api.token())), [unknownToken]);
    },
  },
  {
    name: 'account-named-twice',
    says: 'An account that a list names twice is bound once.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      await operate(api, override(phone, alice, alice));
      await holds(api, phone, alice);
    },
  },
  {
    name: 'token-named-twice',
    says: 'A token that a request names twice has its elements applied in the order of the list.',
    from: 'bindery',
    check: async (api) => {
      const [phone, bobby] = [api.token(), api.account('bobby')];
      const elements = [api.account('alice'), bobby].flatMap((account) => override(phone, account).token_accounts);
      await operate(api, { operator_type: 2, token_accounts: elements });
      await stays(api, phone, bobby);
    },
  },
  {
    name: 'calls-keep-their-order',
    says: 'Calls made one after the other take effect in that order.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice, bobby] = [api.token(), api.account('alice'), api.account('bobby')];
      const calls = [override(phone, alice), unbind(phone, alice), override(phone, bobby), clearTokens(phone)];
      for (const body of [...calls, override(phone, alice), clearAccounts(alice), override(phone, bobby)])
        await operate(api, body);
      await stays(api, phone, bobby);
    },
  },
  {
    name: 'one-owner',
    says: 'Simultaneous overriding binds leave a token with one owner, and both queries agree on it.',
    from: 'bindery',
    check: async (api) => {
      const phone = api.token();
      const rivals = Array.from({ length: 8 }, (_, i) => api.account(`rival-${i}`));
      await Promise.all(rivals.map((rival) => operate(api, override(phone, rival))));
      await api.eventually(async () => {
        const owners = await accountsOn(api, phone);
        isTrue(`the token has ${owners.length} owners`, owners.length === 1);
        const tokens = await Promise.all(rivals.map((rival) => tokensWith(api, rival)));
        same('the tokens of all of them', tokens.flat(), [phone]);
      });
    },
  },
];
