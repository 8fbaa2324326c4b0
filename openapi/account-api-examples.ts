import * as z from 'zod';
import { type Endpoint, failureBody } from '../functions/account-api/wire/endpoint.ts';
import { OperateReplies, OperateRequests } from '../functions/account-api/wire/operate.ts';
import type { Problem } from '../functions/account-api/wire/statuses.ts';
import type { Dialect } from '../functions/core/configuration.ts';
import tpns from '../test/account-api/samples/tpns-2020.json' with { type: 'json' };
import xg from '../test/account-api/samples/xg-2019.json' with { type: 'json' };

/** The samples of the documents. Names of examples begin with their dialect. */

const OPERATIONS = ['bind', 'bindOverriding', 'unbind', 'unbindTokenFromAll', 'unbindAccountFromAll'] as const;

/** The TPNS document of 2020 has no valid JSON for these: the samples are XG's, in the spelling of TPNS. */
const operateRequests = OPERATIONS.flatMap((kind) => {
  const { request } = xg[kind];
  return [
    [`xg-${kind}`, request],
    [`tpns-${kind}`, z.encode(OperateRequests.tpns, OperateRequests.xg.parse(request))],
  ];
});

const refusal = (dialect: Dialect, endpoint: Endpoint, problem: Problem, path: string, message: string) =>
  failureBody({ dialect, endpoint }, { kind: 'failed', problem, issue: { path, message } });

export const OPERATE = {
  requests: Object.fromEntries(operateRequests),
  replies: {
    'xg-done': xg.operateReply,
    'xg-refused': refusal('xg', 'operate', 'missing', 'token_list', 'a list is not there'),
    'tpns-done': tpns.operateReply,
    'tpns-partly': z.encode(OperateReplies.tpns, { kind: 'done', results: ['done', 'unavailable'] }),
    'tpns-refused': refusal('tpns', 'operate', 'invalid', 'token_list', 'a list is not empty'),
  },
};

export const QUERY = {
  requests: {
    'xg-tokensOf': xg.tokensOf.request,
    'xg-accountsOf': xg.accountsOf.request,
    'tpns-tokensOf': tpns.tokensOf.request,
    'tpns-accountsOf': tpns.accountsOf.request,
  },
  replies: {
    'xg-tokensOf': xg.tokensOf.reply,
    'xg-accountsOf': xg.accountsOf.reply,
    'xg-refused': refusal('xg', 'query', 'invalid', 'account_list', 'a list is not empty'),
    'tpns-tokensOf': tpns.tokensOf.reply,
    'tpns-accountsOf': tpns.accountsOf.reply,
    'tpns-refused': refusal('tpns', 'query', 'wrongType', 'token_list', 'Invalid input: expected array'),
  },
};

/** Returns the bodies of a failure: for each dialect, and for a client whose dialect is unknown. */
export const failures = (endpoint: Endpoint, problem: Problem) => ({
  unspoken: failureBody(undefined, { kind: 'failed', problem }),
  xg: failureBody({ dialect: 'xg', endpoint }, { kind: 'failed', problem }),
  tpns: failureBody({ dialect: 'tpns', endpoint }, { kind: 'failed', problem }),
});
