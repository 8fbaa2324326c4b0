import { bind, clearAccounts, clearTokens, override, unbind } from '../bodies.ts';
import { SPELLINGS } from '../dialects.ts';
import { same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { given, holds, operate, stays, tokensWith } from '../steps.ts';

/** An account type other than 0 that both dialects' tables have. */
const OTHER = 2;

/** Rules for the five operations. Accounts of one token have different types, so that the rules hold under both policies. */
export const OPERATIONS: readonly Rule[] = [
  {
    name: 'unbind-takes-the-named',
    says: 'Operation 3 unbinds the named accounts from a token and keeps its other accounts.',
    from: 'document',
    check: async (api) => {
      const [phone, alice, bobby] = [api.token(), api.account('alice'), api.account('bobby', OTHER)];
      await given(api, phone, alice, bobby);
      await operate(api, unbind(phone, alice));
      await holds(api, phone, bobby);
    },
  },
  {
    name: 'clear-token-takes-all',
    says: 'Operation 4 unbinds all accounts from the named tokens.',
    from: 'document',
    check: async (api) => {
      const [phone, tablet, alice] = [api.token(), api.token(), api.account('alice')];
      await given(api, phone, alice, api.account('bobby', OTHER));
      await given(api, tablet, alice);
      await operate(api, clearTokens(phone, tablet));
      await holds(api, phone);
      await holds(api, tablet);
    },
  },
  {
    name: 'clear-account-takes-all',
    says: 'Operation 5 unbinds the named accounts from all their tokens.',
    from: 'document',
    check: async (api) => {
      const [phone, tablet, alice] = [api.token(), api.token(), api.account('alice')];
      await given(api, phone, alice);
      await given(api, tablet, alice);
      await operate(api, clearAccounts(alice));
      await api.eventually(async () => same('the tokens of the account', await tokensWith(api, alice), []));
    },
  },
  {
    name: 'others-stay',
    says: 'Operations 3, 4 and 5 change no token or account that they do not name.',
    from: 'document',
    check: async (api) => {
      const [phone, other] = [api.token(), api.token()];
      const [alice, bobby] = [api.account('alice'), api.account('bobby', OTHER)];
      await given(api, phone, alice);
      await given(api, other, alice, bobby);
      await operate(api, unbind(phone, alice));
      await operate(api, clearTokens(phone));
      await stays(api, other, alice, bobby);
      await operate(api, clearAccounts(bobby));
      await holds(api, other, alice);
    },
  },
  {
    name: 'bound-again-after-removal',
    says: 'A binding that operation 3, 4 or 5 removed can be bound again.',
    from: 'document',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      for (const removal of [unbind(phone, alice), clearTokens(phone), clearAccounts(alice)]) {
        await given(api, phone, alice);
        await operate(api, removal);
        await holds(api, phone);
        await operate(api, bind(phone, alice));
        await holds(api, phone, alice);
      }
    },
  },
  {
    name: 'each-element-by-itself',
    says: 'Every token of a request gets the accounts of its own element.',
    from: 'document',
    check: async (api) => {
      const [phone, tablet] = [api.token(), api.token()];
      const [alice, bobby] = [api.account('alice'), api.account('bobby')];
      const elements = [...override(phone, alice).token_accounts, ...override(tablet, bobby).token_accounts];
      const { done } = SPELLINGS[api.dialect];
      same('the results', await operate(api, { operator_type: 2, token_accounts: elements }), [done, done]);
      await holds(api, phone, alice);
      await holds(api, tablet, bobby);
    },
  },
];
