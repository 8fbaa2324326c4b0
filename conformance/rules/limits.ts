import { accountsOf, bind, clearAccounts, clearTokens, override, tokensOf } from '../bodies.ts';
import { SPELLINGS } from '../dialects.ts';
import { same } from '../expectation.ts';
import { refused } from '../refusal.ts';
import type { Rule } from '../rule.ts';
import { codeOf, given, holds, operate, stays } from '../steps.ts';

const times = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));
const UMLAUT = 'ä';

/** Rules for the size of requests and names. */
export const LIMITS: readonly Rule[] = [
  {
    name: 'twenty-tokens',
    says: 'Operations 1 to 3 accept twenty tokens in one request.',
    from: 'document',
    check: async (api) => {
      const [tokens, alice] = [times(20, () => api.token()), api.account('alice')];
      const token_accounts = tokens.flatMap((token) => override(token, alice).token_accounts);
      const { done } = SPELLINGS[api.dialect];
      for (const operator_type of [1, 2, 3])
        same(
          'the results',
          await operate(api, { operator_type, token_accounts }),
          tokens.map(() => done),
        );
    },
  },
  {
    name: 'no-more-than-twenty-tokens',
    says: 'A request with 21 tokens is refused and changes none of them.',
    from: 'document',
    check: async (api) => {
      const [tokens, alice] = [times(21, () => api.token()), api.account('alice')];
      const token_accounts = tokens.flatMap((token) => override(token, alice).token_accounts);
      for (const operator_type of [1, 2, 3]) await refused(api, 'invalid', { body: { operator_type, token_accounts } });
      await stays(api, tokens[0] ?? '');
    },
  },
  {
    name: 'token-of-64-bytes',
    says: 'A token of 64 bytes is accepted.',
    from: 'bindery',
    check: async (api) => {
      const alice = api.account('alice');
      const base = api.token('x');
      await given(api, base.padEnd(64, 'x'), alice);
      await given(api, base + UMLAUT.repeat(Math.floor((64 - base.length) / 2)), alice);
    },
  },
  {
    name: 'no-token-of-65-bytes',
    says: 'A token of 65 bytes is refused, even if it has fewer characters.',
    from: 'document',
    only: { dialect: 'xg' },
    check: async (api) => {
      const long = [api.token('x').padEnd(65, 'x'), `${UMLAUT.repeat(32)}x`];
      for (const token of long) {
        await refused(api, 'invalid', { body: bind(token, api.account('alice')) });
        await refused(api, 'invalid', { endpoint: 'query', body: accountsOf(token) });
      }
    },
  },
  {
    name: 'account-of-two-bytes',
    says: 'An account of 2 to 255 bytes is accepted.',
    from: 'bindery',
    check: async (api) => {
      const phone = api.token();
      for (const account of ['ab', UMLAUT, api.account('long').account.padEnd(255, 'x')]) {
        await operate(api, override(phone, { account, account_type: 0 }));
        await holds(api, phone, { account, account_type: 0 });
      }
      await operate(api, clearTokens(phone));
    },
  },
  {
    name: 'no-account-of-one-byte',
    says: 'An account of one byte, or of more than 255 bytes, is refused.',
    from: 'bindery',
    check: async (api) => {
      for (const account of ['a', 'x'.repeat(256), UMLAUT.repeat(128)]) {
        await refused(api, 'invalid', { body: bind(api.token(), { account, account_type: 0 }) });
        await refused(api, 'invalid', { endpoint: 'query', body: tokensOf({ account, account_type: 0 }) });
      }
    },
  },
  {
    name: 'no-empty-names',
    says: 'An empty token or account is refused.',
    from: 'document',
    check: async (api) => {
      await refused(api, 'invalid', { body: bind('', api.account('alice')) });
      await refused(api, 'invalid', { body: bind(api.token(), { account: '', account_type: 0 }) });
    },
  },
  {
    name: 'no-empty-lists',
    says: 'An empty list is refused.',
    from: 'bindery',
    check: async (api) => {
      const bodies = [{ operator_type: 1, token_accounts: [] }, bind(api.token()), clearTokens(), clearAccounts()];
      for (const body of bodies) await refused(api, 'invalid', { body });
      for (const body of [tokensOf(), accountsOf()]) await refused(api, 'invalid', { endpoint: 'query', body });
    },
  },
  {
    name: 'own-limits',
    says: 'More than 64 accounts of a token, 500 tokens to clear, 100 accounts to clear or 100 elements to query are refused.',
    from: 'bindery',
    check: async (api) => {
      const accounts = (length: number) => times(length, (i) => ({ account: `account ${i}`, account_type: 0 }));
      const tokens = (length: number) => times(length, (i) => `token ${i}`);
      for (const body of [
        bind(api.token(), ...accounts(65)),
        clearTokens(...tokens(501)),
        clearAccounts(...accounts(101)),
      ])
        await refused(api, 'invalid', { body });
      for (const body of [tokensOf(...accounts(101)), accountsOf(...tokens(101))])
        await refused(api, 'invalid', { endpoint: 'query', body });
      same(
        'results',
        (await operate(api, bind(api.token(), ...accounts(64).map(() => api.account('alice'))))).length,
        1,
      );
    },
  },
  {
    name: 'large-batch',
    says: 'Twenty tokens with ten accounts each are accepted, also if every character is written as an escape.',
    from: 'bindery',
    check: async (api) => {
      const accounts = times(10, (i) => ({ account: `用${i}`.padEnd(60, '户'), account_type: 0 }));
      const token_accounts = times(20, () => ({ token: api.token(), account_list: accounts }));
      const text = JSON.stringify({ operator_type: 3, token_accounts });
      const body = text.replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16)}`);
      same('the code', codeOf(api, 'operate', await api.send({ body })), 0);
    },
  },
  {
    name: 'no-large-bodies',
    says: 'A body of more than 256 KiB is refused with HTTP 413.',
    from: 'bindery',
    check: async (api) => {
      const body = JSON.stringify(clearTokens(api.token()));
      same('the status at the limit', (await api.send({ body: body.padEnd(262_144) })).status, 200);
      same('the status', (await api.send({ body: body.padEnd(262_145) })).status, 413);
    },
  },
];
