import type { KeyObject } from 'node:crypto';
import type { App } from '../core/configuration.ts';
import type { RegistryStore } from '../core/store.ts';
import { type Problem, problemReply } from '../lambda/problem.ts';
import { bytesIn, type HttpHandler, type HttpRequest, jsonIn, MAX_BODY_BYTES } from '../lambda/request.ts';
import { proveReader, type ReaderPorts } from './reader.ts';

export type ResolvePorts = ReaderPorts & {
  readonly apps: readonly App[];
  /** The registry, whose reads are strongly consistent here. */
  readonly store: RegistryStore;
  /** Returns the key of fences first; undefined if it cannot be used. May reject with `Unavailable`. */
  readonly fenceKeys: () => Promise<readonly (KeyObject | undefined)[]>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** `POST /v1/resolve` and `POST /v1/devices`: which devices accounts have, and which accounts devices have. */
export const resolveHandler =
  (ports: ResolvePorts): HttpHandler =>
  async (request) => {
    const fault = faultOf(request);
    if (fault !== undefined) return problemReply(request, PROBLEMS[fault]);
    const proof = await proveReader(ports, request);
    if ('reason' in proof) return problemReply(request, { ...PROBLEMS.unavailable, reason: proof.reason });
    if ('kind' in proof) return problemReply(request, PROBLEMS.invalid_token);
    if (jsonIn(request.body) === undefined) return problemReply(request, PROBLEMS.not_json);
    return problemReply(request, { ...PROBLEMS.unavailable, reason: 'not built' });
  };

/** Returns the fault of a request that is seen before its credential is. */
function faultOf({ path, method, body }: HttpRequest): keyof typeof PROBLEMS | undefined {
  if (path !== '/v1/resolve' && path !== '/v1/devices') return 'unknown_path';
  if (method !== 'POST') return 'not_post';
  return bytesIn(body) > MAX_BODY_BYTES ? 'too_large' : undefined;
}

/** Every problem, by its code. */
const PROBLEMS = {
  unknown_path: { status: 404, code: 'unknown_path', detail: 'senders ask at /v1/resolve and /v1/devices' },
  not_post: { status: 405, code: 'not_post', detail: 'send it with POST', headers: { allow: 'POST' } },
  too_large: { status: 413, code: 'too_large', detail: 'the body is larger than 256 KiB' },
  invalid_token: {
    status: 401,
    code: 'invalid_token',
    detail: 'authorization is not "Bearer", a blank and the secret of a reader',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  },
  not_json: { status: 400, code: 'not_json', detail: 'the body is not JSON in UTF-8' },
  unavailable: {
    status: 503,
    code: 'unavailable',
    detail: 'nothing can be read now: ask again',
    headers: { 'retry-after': '1' },
  },
} as const satisfies Readonly<Record<string, Problem>>;
