import { RequestTokens } from '../functions/account-api/wire/elements.ts';
import { OperateReplies, OperateRequests, RESULTS } from '../functions/account-api/wire/operate.ts';
import { FOUND, QueryReplies, QueryRequests } from '../functions/account-api/wire/query.ts';
import { AccountId } from '../functions/core/account.ts';
import type { Dialect } from '../functions/core/configuration.ts';
import { ruleOf, type Schema, schemaOf, type Words } from './schemas.ts';

const PLATFORMS = {
  xg: 'android or ios, in any letter case. Optional; must be the platform of the app.',
  tpns: 'Ignored.',
} as const satisfies Record<Dialect, string>;

const requestWords = (dialect: Dialect): Words => ({
  platform: PLATFORMS[dialect],
  token: `${ruleOf(RequestTokens[dialect], '')}, in UTF-8.`,
  token_list: `Device tokens; ${ruleOf(RequestTokens[dialect], '')}, in UTF-8.`,
  account: `${ruleOf(AccountId, '')}, in UTF-8.`,
  account_type: 'Part of the identity of an account. Default: 0.',
  op_type: 'The kind of operator on whose behalf the request is made.',
  op_id: 'The id of the operator, at most 255 bytes. Not part of a binding, and never in a log.',
});

const operateWords = (dialect: Dialect): Words => ({
  ...requestWords(dialect),
  operator_type:
    '1 bind accounts to tokens, 2 bind accounts and replace the previous ones, 3 unbind accounts from tokens, 4 unbind tokens from all accounts, 5 unbind accounts from all tokens.',
});

const queryWords = (dialect: Dialect): Words => ({
  ...requestWords(dialect),
  operator_type: '1 tokens bound to accounts, 2 accounts bound to tokens.',
});

const CODE = 'See docs/account-api.md for the codes; 0 is success.';
const TEXT = 'The text of the code. It never quotes the request.';

const operateReplyWords = (dialect: Dialect): Words => {
  const { done, unknownToken, refused, unavailable } = RESULTS[dialect];
  const result = `One for each element, in the order of the request: ${done} done, ${unknownToken} a removal on a token never seen, ${refused} refused, ${unavailable} not accepted.`;
  return { ret_code: CODE, err_msg: TEXT, result };
};

const QUERY_REPLY_WORDS: Words = {
  ret_code: CODE,
  err_msg: TEXT,
  retCode: CODE,
  errMsg: TEXT,
  result: `One for each element: ${FOUND.some}, or ${FOUND.none} if nothing is bound.`,
  account_tokens: 'An entry for each account of the request, in its order.',
  token_accounts: 'An entry for each token of the request, in its order.',
  token_list: 'The newest 100 at most, the most recently bound first.',
  account_list: 'All of them, the most recently bound first.',
};

/** Requires code and text. The codec does not, because it also reads the replies of hosted APIs. */
const reply = (schema: Schema, ...required: string[]): Schema => ({ ...schema, required });

const QUERY_KEYS = { xg: ['ret_code', 'err_msg'], tpns: ['retCode', 'errMsg'] } as const;

/** Returns a dialect's requests and replies as components. */
export const schemasIn = (dialect: Dialect) => {
  const name = dialect === 'xg' ? 'Xg' : 'Tpns';
  return {
    [`${name}OperateRequest`]: schemaOf(OperateRequests[dialect], operateWords(dialect)),
    [`${name}OperateReply`]: reply(
      schemaOf(OperateReplies[dialect], operateReplyWords(dialect)),
      'ret_code',
      'err_msg',
    ),
    [`${name}QueryRequest`]: schemaOf(QueryRequests[dialect], queryWords(dialect)),
    [`${name}QueryReply`]: reply(schemaOf(QueryReplies[dialect], QUERY_REPLY_WORDS), ...QUERY_KEYS[dialect]),
  };
};

/** The failure for a client whose dialect is unknown. */
export const UNSPOKEN: Schema = {
  type: 'object',
  description: 'A failure in the spelling of both dialects.',
  properties: {
    ret_code: { type: 'integer', description: 'The code of XG.' },
    err_msg: { type: 'string' },
    retCode: { type: 'integer', description: 'The code of TPNS.' },
    errMsg: { type: 'string' },
  },
  required: ['ret_code', 'err_msg', 'retCode', 'errMsg'],
};
