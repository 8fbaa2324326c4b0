import { clearTokens, override, unbind } from '../bodies.ts';
import { same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { given, holds, operate, stays, tokensWith } from '../steps.ts';

/** Rules for the identity of tokens and accounts. */
export const IDENTITY: readonly Rule[] = [
  {
    name: 'type-is-identity',
    says: 'Accounts of one name and different types are different accounts.',
    from: 'document',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice', 0)];
      const mail = { ...alice, account_type: 2 };
      await given(api, phone, alice, mail);
      same('the tokens of the account of another type', await tokensWith(api, { ...alice, account_type: 3 }), []);
      await operate(api, unbind(phone, alice));
      await holds(api, phone, mail);
    },
  },
  {
    name: 'type-left-out',
    says: 'An account without a type is of type 0.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      await operate(api, override(phone, { account: alice.account }));
      await holds(api, phone, { ...alice, account_type: 0 });
      await operate(api, unbind(phone, { ...alice, account_type: 0 }));
      await holds(api, phone);
    },
  },
  {
    name: 'letter-case-counts',
    says: 'Names that differ in letter case are different names.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token('phone'), api.account('alice')];
      await given(api, phone, alice);
      await operate(api, clearTokens(phone.toUpperCase()));
      await operate(api, unbind(phone, { ...alice, account: alice.account.toUpperCase() }));
      await stays(api, phone, alice);
    },
  },
  {
    name: 'names-are-kept',
    says: 'Names stay unchanged: other scripts, emoji, quotes, spaces and control characters.',
    from: 'bindery',
    check: async (api) => {
      for (const text of ['爱丽丝', 'ñ ü', '🦊🦊', '"\\/', 'a b', 'tab\there', '__proto__', 'a#b:c|d*'])
        await given(api, api.token(text), api.account(text));
    },
  },
  {
    name: 'names-of-objects',
    says: 'Names with a meaning in programs, such as __proto__, are ordinary names.',
    from: 'bindery',
    check: async (api) => {
      const phone = api.token();
      for (const account of ['__proto__', 'constructor', 'toString', '**', '0#']) {
        await given(api, phone, { account, account_type: 0 });
        await operate(api, clearTokens(phone));
        await holds(api, phone);
      }
    },
  },
];
