import { Buffer } from 'node:buffer';
import type { Authentication } from '../../conformance/credentials.ts';
import { PATHS } from '../../functions/account-api/wire/endpoint.ts';
import type { HttpHandler } from '../../functions/lambda/request.ts';
import {
  acceptingAllAs,
  answering,
  cleared,
  clearing,
  hearing,
  reading,
  readingElements,
  saying,
  sayingLists,
  sayingResults,
  turnedAround,
  turning,
} from './faults.ts';
import { ownHandler } from './own-account-api.ts';

/** A fault of an API, and the rules that find it. Default: on `xg-many` with Basic authentication. */
type Fault = {
  readonly what: string;
  readonly handle: HttpHandler;
  /** Their names, with a space between. */
  readonly rules: string;
  readonly on?: string;
  readonly authentication?: Authentication;
};

const OPERATIONS: readonly Fault[] = [
  {
    what: 'operation 1 binds the first account of a list only, and so does operation 2',
    handle: readingElements((element) => ({ ...element, account_list: [element.account_list[0]] })),
    rules:
      'unbind-takes-the-named clear-token-takes-all others-stay bind-adds override-replaces-all ' +
      'type-is-identity xg-sample-accounts xg-sample-tokens own-limits',
  },
  {
    what: 'operation 2 adds',
    handle: reading((json) =>
      json['operator_type'] === 2 && json['token_accounts'] ? { ...json, operator_type: 1 } : undefined,
    ),
    rules: 'override-replaces-all token-named-twice one-owner account-of-two-bytes',
  },
  {
    what: 'operation 3 removes every account',
    handle: reading((json) => (json['operator_type'] === 3 ? cleared(json) : undefined)),
    rules:
      'unbind-takes-the-named unbind-what-is-not-bound type-is-identity letter-case-counts ' +
      'no-more-than-twenty-tokens',
  },
  {
    what: 'operation 4 forgets the first of several tokens',
    handle: reading(({ operator_type, token_list }) =>
      operator_type === 4 && Array.isArray(token_list) && token_list.length > 1
        ? { operator_type, token_list: [...token_list.slice(1), token_list[1]] }
        : undefined,
    ),
    rules: 'clear-token-takes-all result-for-each-element',
  },
  {
    what: 'operation 5 removes another account',
    handle: reading(({ operator_type, account_list }) =>
      operator_type === 5 && Array.isArray(account_list)
        ? { operator_type, account_list: account_list.map(({ account }) => ({ account: `${account}?` })) }
        : undefined,
    ),
    rules: 'clear-account-takes-all others-stay bound-again-after-removal wrong-type',
  },
  {
    what: 'one account of each type: operation 1 replaces all types',
    on: 'tpns-typed',
    handle: clearing(1),
    rules: 'bind-replaces-its-type',
  },
  {
    what: 'one account of each type: operation 2 replaces all types',
    on: 'tpns-typed',
    handle: clearing(2),
    rules: 'override-replaces-its-types',
  },
  {
    what: 'one account of each type: the first of a list wins',
    on: 'tpns-typed',
    handle: readingElements((element) => ({ ...element, account_list: turnedAround(element.account_list) })),
    rules: 'last-of-a-type-wins',
  },
  {
    what: 'tokens after the first 20 are ignored',
    handle: reading((json) =>
      Array.isArray(json['token_accounts']) && json['token_accounts'].length > 20
        ? { ...json, token_accounts: json['token_accounts'].slice(0, 20) }
        : undefined,
    ),
    rules: 'no-more-than-twenty-tokens',
  },
  {
    what: 'letter case is lost',
    handle: hearing((request) => ({ ...request, body: Buffer.from(request.body.toString().toLowerCase()) })),
    rules: 'letter-case-counts names-of-objects',
  },
  {
    what: 'content-type decides whether a body is read',
    handle: hearing((request) => {
      const isJson = /^application\/json(; *charset=utf-8)?$/i.test(request.headers['content-type'] ?? '');
      return isJson ? request : { ...request, body: Buffer.from('') };
    }),
    rules: 'any-label',
  },
  {
    what: 'keys that it does not know are refused',
    handle: reading((json) => ('seq' in json || 'op_id' in json ? {} : undefined)),
    rules: 'unknown-keys empty-fields operator',
  },
  {
    what: 'TPNS: a platform is checked',
    on: 'tpns-many',
    handle: reading(({ platform }) => (platform === undefined || platform === 'android' ? undefined : {})),
    rules: 'tpns-platform',
  },
];

const REPLIES: readonly Fault[] = [
  { what: 'results are turned around', handle: sayingResults(turnedAround), rules: 'result-for-each-element' },
  {
    what: 'one result is for all',
    handle: sayingResults((results) => results.slice(0, 1)),
    rules: 'each-element-by-itself result-for-each-element xg-sample-operations twenty-tokens',
  },
  {
    what: 'entries are turned around',
    handle: sayingLists(turnedAround),
    rules: 'entries-in-order xg-sample-accounts xg-sample-tokens',
  },
  {
    what: 'entries without a binding are left out',
    handle: sayingLists((entries) => entries.filter((entry) => (entry.account_list ?? entry.token_list)?.length !== 0)),
    rules: 'entries-in-order',
  },
  {
    what: 'the oldest token comes first',
    handle: sayingLists((entries) => entries.map(turning('token_list'))),
    rules: 'newest-token-first',
  },
  {
    what: 'the oldest account comes first',
    handle: sayingLists((entries) => entries.map(turning('account_list'))),
    rules: 'all-accounts-show xg-sample-accounts',
  },
  {
    what: 'a token shows ten accounts',
    handle: sayingLists((entries) =>
      entries.map((entry) => ({
        ...entry,
        ...(entry.account_list && { account_list: entry.account_list.slice(0, 10) }),
      })),
    ),
    rules: 'all-accounts-show',
  },
  {
    what: 'XG: a query has results',
    handle: saying((json, { path }) => (path === PATHS.query ? { ...json, result: [] } : json)),
    rules: 'xg-query-spelling xg-sample-accounts xg-sample-tokens refusal-spelling',
  },
  {
    what: 'TPNS: the result of a miss is a success',
    on: 'tpns-many',
    handle: sayingResults((results, { path }) => (path === PATHS.query ? results.map(() => '0') : results)),
    rules: 'tpns-query-result',
  },
  {
    what: 'TPNS: a query of which nothing is bound fails',
    on: 'tpns-many',
    handle: saying((json) =>
      Array.isArray(json['result']) && json['result'].every((result) => result === '10110008')
        ? { ...json, retCode: 1008027 }
        : json,
    ),
    rules:
      'clear-token-takes-all clear-account-takes-all bound-again-after-removal one-owner type-is-identity ' +
      'type-left-out names-of-objects query-sees-removal tpns-query-spelling no-more-than-twenty-tokens ' +
      'refused-changes-nothing query-string tpns-platform',
  },
  {
    what: 'TPNS: the type 0 is shown',
    on: 'tpns-many',
    handle: sayingLists((entries) =>
      entries.map((entry) => (entry.token_list ? { account_type: 0, ...entry } : entry)),
    ),
    rules: 'tpns-sample-tokens',
  },
  {
    what: 'a refusal quotes the request',
    handle: saying((json, { body }) => (json['ret_code'] === 0 ? json : { ...json, err_msg: body.toString() })),
    rules: 'refusal-quotes-nothing nothing-is-shown-or-changed',
  },
  {
    what: 'a body of more than 64 KiB is refused',
    handle: answering((reply, { body }) => (body.length > 65_536 ? { ...reply, status: 413, body: {} } : reply)),
    rules: 'large-batch no-large-bodies',
  },
  {
    what: 'a reply is labelled as a page',
    handle: answering((reply) => ({ ...reply, headers: { ...reply.headers, 'content-type': 'text/html' } })),
    rules: 'json-label',
  },
];

const CREDENTIALS: readonly Fault[] = [
  {
    what: 'every caller is accepted as the app',
    on: 'tpns-many',
    authentication: 'sign',
    handle: acceptingAllAs('tpns-many'),
    rules:
      'no-credential wrong-secret wrong-app broken-header nothing-is-shown-or-changed credential-before-body ' +
      'signature-covers-body signature-ages both-spellings',
  },
  {
    what: 'a failed authentication gets HTTP 200',
    handle: answering((reply) => (reply.status === 403 ? { ...reply, status: 200 } : reply)),
    rules: 'no-credential wrong-secret wrong-app broken-header credential-before-body',
  },
  {
    what: 'a failed authentication of an unknown app gets one dialect',
    handle: answering((reply) => (reply.status === 403 ? { ...reply, body: { ret_code: 10104, err_msg: '' } } : reply)),
    rules: 'both-spellings',
  },
  {
    what: 'signatures do not age',
    on: 'tpns-many',
    authentication: 'sign',
    handle: ownHandler({ signatureWindowMs: Number.MAX_SAFE_INTEGER }),
    rules: 'signature-ages',
  },
  {
    what: 'signatures are ignored',
    handle: hearing((request) => ('sign' in request.headers ? { ...request, headers: {} } : request)),
    rules: 'either-way-of-proof',
  },
];

/** Faults of an API, each with every rule that finds it. */
export const FAULTS = [...OPERATIONS, ...REPLIES, ...CREDENTIALS].map(({ rules, ...fault }) => ({
  ...fault,
  rules: rules.split(' '),
}));
