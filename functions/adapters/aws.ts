import { Unavailable } from '../core/outcome.ts';
import { Sha256 } from './sha256.ts';

/**
 * How every AWS client here waits (ms). Left alone the SDK waits for ever; two tries at these limits take 4 s at the
 * most. Whoever called tries again.
 */
export const CLIENT = {
  maxAttempts: 2,
  sha256: Sha256,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true },
} as const;

/**
 * The same for a table. `cacheMiddleware`: the chain of a command is put together once, not for each call. Each setting's
 * worth, here and below, is measured by `npm run bench`.
 */
export const TABLE_CLIENT = { ...CLIENT, cacheMiddleware: true } as const;

/** The same for a queue. `md5`: the request's signature covers the body already. */
export const QUEUE_CLIENT = { ...TABLE_CLIENT, md5: false } as const;

/** What an AWS call throws is the world's answer. Only the error's name goes on: its text may quote keys. */
export async function asking<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Unavailable(error instanceof Error ? error.name : typeof error);
  }
}
