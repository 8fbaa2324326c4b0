import { accountsOf, bind, override, tokensOf } from '../bodies.ts';
import { SPELLINGS } from '../dialects.ts';
import { isTrue, same } from '../expectation.ts';
import { refused } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import { stays } from '../steps.ts';

const ENDPOINTS = ['operate', 'query'] as const;

/** Rules for wrong requests and their codes. */
export const ERRORS: readonly Rule[] = [
  {
    name: 'not-json',
    says: 'A body that is not JSON is refused.',
    from: 'document',
    check: async (api) => {
      for (const endpoint of ENDPOINTS)
        for (const body of ['', '{', '{"operator_type":4,}', 'operator_type=4'])
          await refused(api, 'unreadable', { endpoint, body });
    },
  },
  {
    name: 'no-operator-type',
    says: 'A request without an operator_type gets the code of a missing parameter.',
    from: 'document',
    check: async (api) => {
      for (const endpoint of ENDPOINTS)
        await refused(api, 'missing', { endpoint, body: { token_list: [api.token()] } });
    },
  },
  {
    name: 'unknown-operator-type',
    says: 'An operator_type that the endpoint does not have is refused.',
    from: 'document',
    check: async (api) => {
      for (const operator_type of [0, 6, -1, 99])
        await refused(api, 'invalid', { body: { ...bind(api.token(), api.account('alice')), operator_type } });
      for (const operator_type of [0, 3])
        await refused(api, 'invalid', { endpoint: 'query', body: { ...accountsOf(api.token()), operator_type } });
    },
  },
  {
    name: 'no-list',
    says: 'A request without the list of its operation gets the code of a missing parameter.',
    from: 'document',
    check: async (api) => {
      for (const operator_type of [1, 2, 3])
        await refused(api, 'missing', { body: { operator_type, token_list: ['t'] } });
      await refused(api, 'missing', { body: { operator_type: 4, account_list: [api.account('alice')] } });
      await refused(api, 'missing', { body: { operator_type: 5, token_list: [api.token()] } });
      for (const operator_type of [1, 2]) await refused(api, 'missing', { endpoint: 'query', body: { operator_type } });
    },
  },
  {
    name: 'no-account',
    says: 'An element without its token or its accounts gets the code of a missing parameter.',
    from: 'document',
    check: async (api) => {
      const elements = [
        { token: api.token() },
        { account_list: [api.account('alice')] },
        { token: api.token(), account_list: [{ account_type: 0 }] },
      ];
      for (const element of elements)
        await refused(api, 'missing', { body: { operator_type: 2, token_accounts: [element] } });
    },
  },
  {
    name: 'wrong-type',
    says: 'A number in place of a text, or a text in place of a number, is refused.',
    from: 'document',
    check: async (api) => {
      const { account } = api.account('alice');
      await refused(api, 'wrongType', { body: { operator_type: 4, token_list: [1] } });
      await refused(api, 'wrongType', { body: { operator_type: 4, token_list: api.token() } });
      await refused(api, 'wrongType', { body: { operator_type: 5, account_list: [account] } });
      await refused(api, 'wrongType', { body: { operator_type: 5, account_list: [{ account, account_type: '0' }] } });
    },
  },
  {
    name: 'refused-changes-nothing',
    says: 'A request that is refused as a whole changes nothing, although other elements are right.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      const wrong = { token: '', account_list: [alice] };
      const token_accounts = [...override(phone, alice).token_accounts, wrong];
      await refused(api, 'invalid', { body: { operator_type: 2, token_accounts } });
      await stays(api, phone);
    },
  },
  {
    name: 'refusal-spelling',
    says: "A refusal has the code and the text of its dialect's reply, and no list; a TPNS query's has both spellings.",
    from: 'bindery',
    check: async (api) => {
      for (const endpoint of ENDPOINTS) {
        const { json } = await api.send({ endpoint, body: {} });
        const { query, operate } = SPELLINGS[api.dialect].keys;
        const spellings = endpoint === 'query' ? [query, operate] : [operate];
        const keys = new Set(spellings.flatMap(({ code, text }) => [code, text]));
        same('the keys', Object.keys(Object(json)).sort(), [...keys].sort());
      }
    },
  },
  {
    name: 'refusal-quotes-nothing',
    says: 'The text of a refusal does not quote the request.',
    from: 'bindery',
    check: async (api) => {
      const canary = 'canary-in-the-request';
      const bodies = [
        { operator_type: canary },
        { operator_type: 4, token_list: [canary.repeat(99)] },
        tokensOf({ account: canary, account_type: -1 }),
        `{"${canary}`,
      ];
      for (const endpoint of ENDPOINTS)
        for (const body of bodies) {
          const { text } = await api.send({ endpoint, body });
          isTrue('the text quotes the request', !text.includes(canary));
        }
    },
  },
];
