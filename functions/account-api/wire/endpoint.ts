import * as z from 'zod/mini';
import type { Dialect } from '../../core/configuration.ts';
import { OperateReplies } from './operate.ts';
import { QueryReplies } from './query.ts';
import { type Failure, STATUSES } from './statuses.ts';

export type Endpoint = 'operate' | 'query';

/** Where the Account API answers; equal in both dialects. */
export const PATHS = {
  operate: '/v3/device/account/batchoperate',
  query: '/v3/device/account/query',
} as const satisfies Record<Endpoint, string>;

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  [PATHS.operate, 'operate'],
  [PATHS.query, 'query'],
]);

export const endpointAt = (path: string): Endpoint | undefined => ENDPOINTS.get(path);

/**
 * The body that says a failure. While nobody knows whose dialect the client speaks, both spellings are there, and
 * whichever field it reads is not 0.
 */
export function failureBody(to: { endpoint: Endpoint; dialect: Dialect } | undefined, failure: Failure): unknown {
  if (to?.endpoint === 'operate') return z.encode(OperateReplies[to.dialect], failure);
  if (to?.endpoint === 'query') return z.encode(QueryReplies[to.dialect], failure);
  const { xg, tpns } = STATUSES[failure.problem];
  return { ret_code: xg.code, err_msg: xg.text, retCode: tpns.code, errMsg: tpns.text };
}
