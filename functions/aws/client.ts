import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from 'node:crypto';
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { Unavailable } from '../core/outcome.ts';

/** Texts, bytes and keys as the SDK hands them over. */
type Bytes = string | ArrayBuffer | ArrayBufferView;

/**
 * SHA-256 and HMAC-SHA-256 for the signatures of AWS clients (Signature Version 4). The SDK's own class makes a key object
 * of the day's signing key for every request, which takes longer than the signature; this one makes it once.
 */
export class Sha256 {
  readonly #hash: Hash | Hmac;

  /** Makes an HMAC if there is a secret. For the SDK an empty secret means a plain hash too. */
  constructor(secret?: Bytes) {
    this.#hash = secret ? createHmac('sha256', keyOf(secret)) : createHash('sha256');
  }

  update(data: Bytes): void {
    this.#hash.update(inBytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

/** The SDK keeps a day's signing key and hands in the same object each time. */
const keys = new WeakMap<object, KeyObject>();

function keyOf(secret: Bytes): KeyObject | string {
  if (typeof secret === 'string') return secret;
  const key = keys.get(secret) ?? createSecretKey(viewOf(secret));
  keys.set(secret, key);
  return key;
}

const inBytes = (data: Bytes): string | Uint8Array => (typeof data === 'string' ? data : viewOf(data));

/** A view of the same memory, not a copy. */
const viewOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);

/** Connections to one host at a time, kept between calls: the SDK's own numbers. */
const KEPT = { keepAlive: true, maxSockets: 50 } as const;

/**
 * Makes an agent close all idle sockets when a request on a kept socket fails. While Lambda freezes a function, the other
 * end may forget its connections and say nothing. Each try would take the next dead socket, and there are two tries.
 */
function forgetting<A extends Agent>(agent: A): A {
  agent.reuseSocket = (socket, request) => {
    Agent.prototype.reuseSocket.call(agent, socket, request);
    request.once('error', () => {
      for (const idle of Object.values(agent.freeSockets).flat()) idle?.destroy();
    });
  };
  return agent;
}

/**
 * Timeouts of every AWS client (ms). By default the SDK waits for ever; two tries with these limits take at most 4 s.
 * After that the caller tries again.
 */
export const CLIENT = {
  maxAttempts: 2,
  sha256: Sha256,
  requestHandler: {
    ...{ connectionTimeout: 500, requestTimeout: 1_500, throwOnRequestTimeout: true },
    httpAgent: forgetting(new Agent(KEPT)),
    httpsAgent: forgetting(new TlsAgent(KEPT)),
  },
} as const;

/**
 * Settings of a table's client. `cacheMiddleware`: build the middleware chain of a command once, not for each call.
 * `npm run bench` measures the effect of each setting.
 */
export const TABLE_CLIENT = { ...CLIENT, cacheMiddleware: true } as const;

/** Settings of a queue's client. `md5`: not needed, since the request's signature covers the body. */
export const QUEUE_CLIENT = { ...TABLE_CLIENT, md5: false } as const;

/** Calls AWS; every error becomes `Unavailable` with the error's name only: its text may quote keys. */
export async function callAws<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new Unavailable(error instanceof Error ? error.name : typeof error);
  }
}
