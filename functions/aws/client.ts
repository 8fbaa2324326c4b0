import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from 'node:crypto';
import { Unavailable } from '../core/outcome.ts';

/** What the SDK hashes, and what it has for keys. */
type Data = string | ArrayBuffer | ArrayBufferView;

/**
 * SHA-256 and HMAC-SHA-256 for the signatures of AWS clients (Signature Version 4). The SDK's own makes a key object of
 * the day's signing key for every request, which takes longer than the signature; here each key is made once.
 */
export class Sha256 {
  readonly #hash: Hash | Hmac;

  /** With a secret it is an HMAC. The SDK means a plain hash by an empty one too. */
  constructor(secret?: Data) {
    this.#hash = secret ? createHmac('sha256', keyOf(secret)) : createHash('sha256');
  }

  update(data: Data): void {
    this.#hash.update(inBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/** The SDK keeps a day's signing key and hands in the same object each time. */
const keys = new WeakMap<object, KeyObject>();

function keyOf(secret: Data): KeyObject | string {
  if (typeof secret === 'string') return secret;
  const key = keys.get(secret) ?? createSecretKey(viewOf(secret));
  keys.set(secret, key);
  return key;
}

const inBytes = (data: Data): string | Uint8Array => (typeof data === 'string' ? data : viewOf(data));

/** The same memory, not a copy of it. */
const viewOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

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
