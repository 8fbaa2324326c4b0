import { bind, override } from '../bodies.ts';
import type { Rule } from '../rule.ts';
import { given, holds, operate } from '../steps.ts';

const OTHER = 2;

/** Rules for operations 1 and 2, whose effect depends on the policy of the app. */
export const POLICIES: readonly Rule[] = [
  {
    name: 'bind-adds',
    says: 'Operation 1 adds accounts to a token.',
    from: 'document',
    only: { policy: 'many' },
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      const [bobby, carol] = [api.account('bobby'), api.account('carol', OTHER)];
      await given(api, phone, alice);
      await operate(api, bind(phone, bobby, carol));
      await holds(api, phone, alice, bobby, carol);
    },
  },
  {
    name: 'override-replaces-all',
    says: 'Operation 2 leaves a token with exactly the accounts named.',
    from: 'document',
    only: { policy: 'many' },
    check: async (api) => {
      const [phone, bobby, carol] = [api.token(), api.account('bobby'), api.account('carol')];
      await given(api, phone, api.account('alice'), api.account('alice', OTHER));
      await operate(api, override(phone, bobby, carol));
      await holds(api, phone, bobby, carol);
    },
  },
  {
    name: 'bind-replaces-its-type',
    says: 'Operation 1 replaces the account of the same type, as operation 2 does.',
    from: 'document',
    only: { policy: 'one-per-type' },
    check: async (api) => {
      const [phone, bobby, mail] = [api.token(), api.account('bobby'), api.account('mail', OTHER)];
      await given(api, phone, api.account('alice'), mail);
      await operate(api, bind(phone, bobby));
      await holds(api, phone, bobby, mail);
    },
  },
  {
    name: 'override-replaces-its-types',
    says: 'Operation 2 replaces the accounts of the types that it names and keeps those of other types.',
    from: 'document',
    only: { policy: 'one-per-type' },
    check: async (api) => {
      const [phone, alice, mail] = [api.token(), api.account('alice'), api.account('mail', OTHER)];
      await given(api, phone, alice, api.account('old mail', OTHER));
      await operate(api, override(phone, mail));
      await holds(api, phone, alice, mail);
    },
  },
  {
    name: 'last-of-a-type-wins',
    says: 'Of several accounts of one type in an element, the last stays.',
    from: 'document',
    only: { policy: 'one-per-type' },
    check: async (api) => {
      const [phone, carol] = [api.token(), api.account('carol')];
      await operate(api, override(phone, api.account('alice'), api.account('bobby'), carol));
      await holds(api, phone, carol);
    },
  },
];
