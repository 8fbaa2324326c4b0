import type { Api } from '../api.ts';
import { SPELLINGS } from '../dialects.ts';
import { contains, same } from '../expectation.ts';
import type { Rule } from '../rule.ts';
import { operate } from '../steps.ts';

/** The documents' samples. Names of this run replace `token1`, `926@126.com` and the others. */

const XG_TYPES = [2, 1] as const;

function xgElements(api: Api) {
  const element = () => ({
    token: api.token(),
    account_list: XG_TYPES.map((account_type) => ({ account: api.account('sample').account, account_type })),
  });
  return [element(), element()] as const;
}

const tpnsElement = (api: Api) => ({ token: api.token(), account_list: [{ account: api.account('sample').account }] });

async function replies(api: Api, body: object, reply: object): Promise<void> {
  await api.eventually(async () => {
    const { json } = await api.send({ endpoint: 'query', body });
    if (!api.isDocumentedOnly || !contains(json, reply)) same('the reply', json, reply);
  });
}

export const SAMPLES: readonly Rule[] = [
  {
    name: 'xg-sample-operations',
    says: "The five requests of the XG document succeed, each with its own length of 'result'.",
    from: 'document',
    only: { dialect: 'xg' },
    check: async (api) => {
      const token_accounts = xgElements(api);
      const token_list = token_accounts.map(({ token }) => token);
      for (const operator_type of [1, 2, 3])
        same('result', await operate(api, { operator_type, token_accounts }), ['ok', 'ok']);
      same('result', await operate(api, { operator_type: 4, token_list }), ['ok', 'ok']);
      const account_list = token_accounts[0].account_list;
      same('result', await operate(api, { operator_type: 5, account_list }), ['ok', 'ok']);
    },
  },
  {
    name: 'xg-sample-accounts',
    says: 'The reply to a query by token is equal to the sample in the XG document.',
    from: 'document',
    only: { dialect: 'xg' },
    check: async (api) => {
      const token_accounts = xgElements(api);
      await operate(api, { operator_type: 2, token_accounts });
      const token_list = token_accounts.map(({ token }) => token);
      await replies(api, { operator_type: 2, token_list }, { ret_code: 0, err_msg: 'ok', token_accounts });
    },
  },
  {
    name: 'xg-sample-tokens',
    says: 'The reply to a query by account is equal to the sample in the XG document.',
    from: 'document',
    only: { dialect: 'xg' },
    check: async (api) => {
      const [element] = xgElements(api);
      await operate(api, { operator_type: 2, token_accounts: [element] });
      const { token, account_list } = element;
      const account_tokens = account_list.map((account) => ({ ...account, token_list: [token] }));
      await replies(api, { operator_type: 1, account_list }, { ret_code: 0, err_msg: 'ok', account_tokens });
    },
  },
  {
    name: 'tpns-sample-accounts',
    says: 'The reply to a query by token is equal to the sample in the TPNS document.',
    from: 'document',
    only: { dialect: 'tpns' },
    check: async (api) => {
      const token_accounts = [tpnsElement(api), tpnsElement(api)];
      const { done } = SPELLINGS.tpns;
      same('result', await operate(api, { operator_type: 2, token_accounts }), [done, done]);
      const token_list = token_accounts.map(({ token }) => token);
      const reply = { retCode: 0, errMsg: 'ok', result: ['0', '0'], token_accounts };
      await replies(api, { operator_type: 2, token_list }, reply);
    },
  },
  {
    name: 'tpns-sample-tokens',
    says: 'The reply to a query by account is equal to the sample in the TPNS document.',
    from: 'document',
    only: { dialect: 'tpns' },
    check: async (api) => {
      const elements = [tpnsElement(api), tpnsElement(api)];
      await operate(api, { operator_type: 2, token_accounts: elements });
      const account_list = elements.flatMap((element) => element.account_list);
      const account_tokens = elements.flatMap(({ token, account_list: accounts }) =>
        accounts.map((account) => ({ ...account, token_list: [token] })),
      );
      const reply = { retCode: 0, errMsg: 'ok', result: ['0', '0'], account_tokens };
      await replies(api, { operator_type: 1, account_list }, reply);
    },
  },
];
