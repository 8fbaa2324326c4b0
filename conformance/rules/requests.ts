import { accountsOf, clearTokens, override, tokensOf } from '../bodies.ts';
import { PATHS, SPELLINGS } from '../dialects.ts';
import { isTrue, same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { codeOf, holds, operate, query } from '../steps.ts';

/** Rules for requests that real clients send and the documents do not show. */
export const REQUESTS: readonly Rule[] = [
  {
    name: 'any-label',
    says: "A body is JSON in UTF-8 under any content-type: some clients write charset='utf-8' in quotes.",
    from: 'bindery',
    check: async (api) => {
      const labels = [
        "application/json;charset='utf-8'",
        'application/json; charset=UTF-8',
        'text/plain',
        'application/x-www-form-urlencoded',
      ];
      for (const label of labels) {
        const [phone, alice] = [api.token(), api.account('爱丽丝')];
        const answer = await api.send({ body: override(phone, alice), headers: { 'content-type': label } });
        same(`the code for ${label}`, codeOf(api, 'operate', answer), 0);
        await holds(api, phone, alice);
      }
    },
  },
  {
    name: 'any-json',
    says: 'JSON may have spaces, escapes and its keys in any order.',
    from: 'document',
    check: async (api) => {
      const [phone, { account }] = [api.token(), api.account('用户/1')];
      const escaped = JSON.stringify(account).replace('用户/', '\\u7528\\u6237\\/');
      const body = `\n{ "token_accounts" : [ { "account_list" : [ { "account_type" : 0 , "account" : ${escaped} } ] , "token" : "${phone}" } ] , "operator_type" : 2 }\n`;
      same('the code', codeOf(api, 'operate', await api.send({ body })), 0);
      await holds(api, phone, { account, account_type: 0 });
    },
  },
  {
    name: 'unknown-keys',
    says: 'Keys that are not in the documents are ignored.',
    from: 'bindery',
    check: async (api) => {
      const [phone, alice] = [api.token(), api.account('alice')];
      const body = override(phone, { ...alice, ...{ nickname: 'Al' } });
      await operate(api, { seq: 7, environment: 'product', ...body });
      await holds(api, phone, alice);
    },
  },
  {
    name: 'empty-fields',
    says: 'An optional field that is null or empty counts as left out.',
    from: 'bindery',
    check: async (api) => {
      const [phone, { account }] = [api.token(), api.account('alice')];
      const fields = { op_type: null, op_id: '', ...(api.dialect === 'xg' && { platform: '' }) };
      const account_list = [{ account, account_type: null }];
      await operate(api, { operator_type: 2, token_accounts: [{ token: phone, account_list }], ...fields });
      await holds(api, phone, { account, account_type: 0 });
    },
  },
  {
    name: 'operator',
    says: 'A request may name its operator: op_type of qq, rtx, email or other, and op_id.',
    from: 'document',
    only: { dialect: 'xg' },
    check: async (api) => {
      for (const op_type of ['qq', 'rtx', 'email', 'other']) {
        const operator = { op_type, op_id: 'someone' };
        await operate(api, { ...override(api.token(), api.account('alice')), ...operator });
        await query(api, { ...tokensOf(api.account('alice')), ...operator });
      }
    },
  },
  {
    name: 'query-string',
    says: 'A query string behind the path is ignored.',
    from: 'bindery',
    check: async (api) => {
      const answer = await api.send({ path: `${PATHS.query}?x=1&y`, body: accountsOf(api.token()) });
      same('the code', codeOf(api, 'query', answer), 0);
    },
  },
  {
    name: 'xg-platform',
    says: 'A platform is optional. It is android or ios in any letter case, and must be the platform of the app.',
    from: 'bindery',
    only: { dialect: 'xg' },
    check: async (api) => {
      const codes = async (platform: string) =>
        codeOf(api, 'operate', await api.send({ body: { platform, ...clearTokens(api.token()) } }));
      const android = [await codes('android'), await codes('Android'), await codes('ANDROID')];
      const ios = [await codes('ios'), await codes('iOS'), await codes('IOS')];
      const { invalid } = SPELLINGS.xg.codes;
      const accepted = [0, 0, 0];
      const rejected = accepted.map(() => invalid);
      same('the codes for android and ios', [android, ios].sort(), [accepted, rejected].sort());
      same('the code for windows', await codes('windows'), invalid);
    },
  },
  {
    name: 'tpns-platform',
    says: 'A platform of an older client is ignored, whatever its value.',
    from: 'bindery',
    only: { dialect: 'tpns' },
    check: async (api) => {
      for (const platform of ['android', 'iOS', 'windows', '', 7, null]) {
        const answer = await api.send({ endpoint: 'query', body: { platform, ...accountsOf(api.token()) } });
        isTrue(`a platform of ${platform} is refused`, codeOf(api, 'query', answer) === 0);
      }
    },
  },
];
