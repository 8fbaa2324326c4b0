import * as z from 'zod/mini';
import type { Dialect } from '../../core/configuration.ts';
import { OperateReplies } from './operate.ts';
import { QueryReplies } from './query.ts';
import { type Failure, STATUSES } from './statuses.ts';

export type Endpoint = 'operate' | 'query';

/** The paths of the Account API, equal in both dialects. */
export const PATHS = {
  operate: '/v3/device/account/batchoperate',
  query: '/v3/device/account/query',
} as const satisfies Record<Endpoint, string>;

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  [PATHS.operate, 'operate'],
  [PATHS.query, 'query'],
]);

/** Clients join a base URL and a path, and both may have a slash. */
export const withoutSpareSlashes = (path: string): string => path.replace(/\/{2,}/g, '/').replace(/\/$/, '');

export const endpointAt = (path: string): Endpoint | undefined => ENDPOINTS.get(withoutSpareSlashes(path));

/**
 * Returns the body of a failure. If the app is unknown, so is the client's dialect: then the body has the codes of both
 * dialects, so that every client finds a code other than 0. A refused credential has it too: the body does not say
 * whether there is such an app.
 */
export function failureBody(to: { endpoint: Endpoint; dialect: Dialect } | undefined, failure: Failure): unknown {
  if (to !== undefined && failure.problem !== 'notAuthenticated')
    return z.encode({ operate: OperateReplies, query: QueryReplies }[to.endpoint][to.dialect], failure);
  const { xg, tpns } = STATUSES[failure.problem];
  return { ret_code: xg.code, err_msg: xg.text, retCode: tpns.code, errMsg: tpns.text };
}
