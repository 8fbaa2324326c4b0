import type { Api } from '../api.ts';
import { accountsOf, clearTokens, override, tokensOf } from '../bodies.ts';
import { type Endpoint, SPELLINGS } from '../dialects.ts';
import { isTrue, same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { codeOf, given, operate } from '../steps.ts';

const keysOf = (json: unknown): string[] => (typeof json === 'object' && json !== null ? Object.keys(json).sort() : []);

async function sees(api: Api, endpoint: Endpoint, body: object, keys: readonly string[]) {
  const answer = await api.send({ endpoint, body });
  if (!api.isDocumentedOnly) same('the code', codeOf(api, endpoint, answer), 0);
  const own = keysOf(answer.json).filter((key) => !api.isDocumentedOnly || keys.includes(key));
  same('the keys', own, [...keys].sort());
  const { text } = SPELLINGS[api.dialect].keys[endpoint];
  isTrue(`${text} is a text`, typeof Reflect.get(Object(answer.json), text) === 'string');
}

/** Rules for the keys and results of replies. */
export const REPLIES: readonly Rule[] = [
  {
    name: 'batchoperate-spelling',
    says: 'A reply of batchoperate has ret_code, err_msg and result, in both dialects.',
    from: 'document',
    check: async (api) => {
      await sees(api, 'operate', override(api.token(), api.account('alice')), ['ret_code', 'err_msg', 'result']);
    },
  },
  {
    name: 'xg-query-spelling',
    says: 'A reply of a query has ret_code, err_msg and one list of entries.',
    from: 'document',
    only: { dialect: 'xg' },
    check: async (api) => {
      await sees(api, 'query', tokensOf(api.account('alice')), ['ret_code', 'err_msg', 'account_tokens']);
      await sees(api, 'query', accountsOf(api.token()), ['ret_code', 'err_msg', 'token_accounts']);
    },
  },
  {
    name: 'tpns-query-spelling',
    says: 'A reply of a query has retCode, errMsg, result and one list of entries.',
    from: 'document',
    only: { dialect: 'tpns' },
    check: async (api) => {
      await sees(api, 'query', tokensOf(api.account('alice')), ['retCode', 'errMsg', 'result', 'account_tokens']);
      await sees(api, 'query', accountsOf(api.token()), ['retCode', 'errMsg', 'result', 'token_accounts']);
    },
  },
  {
    name: 'result-for-each-element',
    says: 'result has one text for each element, in the order of the request.',
    from: 'document',
    check: async (api) => {
      const { done, unknownToken } = SPELLINGS[api.dialect];
      const known = api.token();
      await given(api, known, api.account('alice'));
      const results = await operate(api, clearTokens(api.token(), api.token(), known));
      // A removal on an unknown token is a success or a failure: the documents do not say.
      const first = api.isDocumentedOnly ? results.slice(0, 2) : [unknownToken, unknownToken];
      same('result', results, [...first, done]);
      isTrue(
        'a result has another text',
        results.every((text) => [done, unknownToken].includes(text)),
      );
    },
  },
  {
    name: 'tpns-query-result',
    says: 'The result of a query is "0" for each element found and "10110008" for each other element.',
    from: 'document',
    only: { dialect: 'tpns' },
    check: async (api) => {
      const phone = api.token();
      await given(api, phone, api.account('alice'));
      const { json } = await api.send({ endpoint: 'query', body: accountsOf(api.token(), phone) });
      same('result', Reflect.get(Object(json), 'result'), ['10110008', '0']);
    },
  },
  {
    name: 'json-label',
    says: 'Every reply has the content type of JSON.',
    from: 'bindery',
    check: async (api) => {
      const asks = [{ body: clearTokens(api.token()) }, { body: '{' }, { body: {}, credential: 'none' }] as const;
      for (const ask of asks) {
        const { headers } = await api.send(ask);
        isTrue(`content-type is ${headers['content-type']}`, /^application\/json\b/.test(`${headers['content-type']}`));
      }
    },
  },
];
