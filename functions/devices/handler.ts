import type { KeyObject } from 'node:crypto';
import type { App, Source, SourceId } from '../core/configuration.ts';
import type { Identity } from '../core/identity.ts';
import type { RegistryStore } from '../core/store.ts';
import { type Problem, problemReply } from '../lambda/problem.ts';
import { bytesIn, type HttpHandler } from '../lambda/request.ts';
import type { Accept } from '../operations/accept.ts';

/** Live keys, newest first; undefined for one that cannot be used. May reject with `Unavailable`. */
export type Keys = Promise<readonly (KeyObject | undefined)[]>;

export type DevicesPorts = {
  readonly apps: readonly App[];
  readonly identities: readonly Identity[];
  readonly sources: readonly Source[];
  /** The webhook keys of a source. */
  readonly keysOf: (source: SourceId) => Keys;
  /** The keys of fences and receipts. */
  readonly ownKeys: () => Keys;
  readonly accept: Accept;
  /** The registry, whose reads are strongly consistent here. */
  readonly store: RegistryStore;
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** The most bytes of a body. A token of 1,000 bytes fits, also in escapes. */
const MAX_BYTES = 16 * 1024;

/** `POST /devices/{app}/sign-in` and `/devices/{app}/sign-out`: a phone binds its push token, and ends that again. */
export const devicesHandler =
  ({ apps }: DevicesPorts): HttpHandler =>
  async (request) => {
    const [, id, call] = /^\/devices\/([^/]+)\/(sign-in|sign-out)$/.exec(request.path) ?? [];
    if (call === undefined) return problemReply(request, PROBLEMS.unknown_path);
    if (request.method !== 'POST') return problemReply(request, PROBLEMS.not_post);
    if (!apps.some((app) => app.id === id)) return problemReply(request, PROBLEMS.unknown_app);
    if (bytesIn(request.body) > MAX_BYTES) return problemReply(request, PROBLEMS.too_large);
    return problemReply(request, { ...PROBLEMS.unavailable, reason: 'not built' });
  };

/** Every problem, by its code. */
export const PROBLEMS = {
  unknown_path: {
    status: 404,
    code: 'unknown_path',
    detail: 'phones call /devices/{app}/sign-in and /devices/{app}/sign-out',
  },
  unknown_app: { status: 404, code: 'unknown_app', detail: 'no app has this id' },
  not_post: { status: 405, code: 'not_post', detail: 'send it with POST', headers: { allow: 'POST' } },
  too_large: { status: 413, code: 'too_large', detail: 'the body is larger than 16 KiB' },
  unavailable: {
    status: 503,
    code: 'unavailable',
    detail: 'nothing was changed: send it again',
    headers: { 'retry-after': '1' },
  },
} as const satisfies Readonly<Record<string, Problem>>;
