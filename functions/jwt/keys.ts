import { Buffer } from 'node:buffer';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Identity } from '../core/identity.ts';
import { Unavailable } from '../core/outcome.ts';

/** An issuer's keys are read again after this time (ms), as long as JWTs come. */
const FRESH_MS = 600_000;

/** A JWT with an unknown key has them read again, but not sooner after the last time (ms): anyone can send one. */
const COOLDOWN_MS = 30_000;

/** How soon after a failure they are read again (ms). */
export const RETRY_MS = 5_000;

/** How long the known keys stay in use while newer ones cannot be read (ms). */
const STALE_MS = 86_400_000;

/** The longest that a request waits for keys (ms), the discovery document included. */
const FETCH_MS = 3_000;

/** The most bytes of such a document; those of large providers have less than 10 KB. */
const MAX_BYTES = 256 * 1024;

export type KeyPorts = {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

type Issuer = Pick<Identity, 'issuer' | 'jwks'>;

/** Finds the key of a JWT. Rejects with an error of jose if there is none, and with `Unavailable` if that is not known. */
export type KeySet = JWTVerifyGetKey;

export const keySetOf = (issuer: Issuer, ports: KeyPorts): KeySet =>
  // `kid` is a text or missing, never undefined: the file is JSON.
  typeof issuer.jwks === 'object' ? createLocalJWKSet(issuer.jwks as JSONWebKeySet) : remoteKeySet(issuer, ports);

/** `jku` and `x5u` of a JWT are never followed: the configuration alone decides who is asked. */
function remoteKeySet(issuer: Issuer, { fetch, now }: KeyPorts): KeySet {
  let known: { readonly find: KeySet; readonly readAt: number } | undefined;
  let failure: string | undefined;
  let nextAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async () => {
    try {
      known = { find: createLocalJWKSet(await publishedKeys(issuer, fetch)), readAt: now() };
      failure = undefined;
    } catch (error) {
      failure = error instanceof Error ? error.name : 'error';
    }
    nextAt = now() + (failure === undefined ? COOLDOWN_MS : RETRY_MS);
    reading = undefined;
  };
  const refresh = async () => {
    if (reading === undefined && now() >= nextAt) reading = read();
    await reading;
  };
  const ageMs = () => now() - (known?.readAt ?? Number.NEGATIVE_INFINITY);

  return async (...asked) => {
    if (ageMs() >= FRESH_MS) await refresh();
    if (known === undefined || ageMs() >= STALE_MS) throw new KeysUnknown(failure);
    try {
      return await known.find(...asked);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await refresh();
    // Its key may be published since, on a host that does not answer.
    if (failure !== undefined) throw new KeysUnknown(failure);
    return known.find(...asked);
  };
}

/** Thrown while an issuer's keys cannot be read. */
export class KeysUnknown extends Unavailable {
  constructor(failure = 'not read') {
    super(`keys of the issuer: ${failure}`);
  }
}

/** Reads the keys at the configured URL, or at the one that the issuer's discovery document names on its own host. */
async function publishedKeys({ issuer, jwks }: Issuer, fetch: KeyPorts['fetch']): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(FETCH_MS);
  // jose checks that it is a key set.
  const keysAt = async (url: string) => (await documentAt(url, fetch, signal)) as JSONWebKeySet;
  if (typeof jwks === 'string') return keysAt(jwks);
  const found = await documentAt(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, fetch, signal);
  const { issuer: named, jwks_uri } = Object(found);
  if (named !== issuer) throw new Refusal('discovery of another issuer');
  const url = URL.parse(`${jwks_uri}`);
  if (url === null || url.origin !== URL.parse(issuer)?.origin) throw new Refusal('jwks_uri on another host');
  return keysAt(url.href);
}

/** The name is the reason, for the log. */
class Refusal extends Error {
  override readonly name: string;

  constructor(reason: string) {
    super(reason);
    this.name = reason;
  }
}

/** Reads JSON. A redirect is refused, and so is a document that is too long. */
async function documentAt(url: string, fetch: KeyPorts['fetch'], signal: AbortSignal): Promise<unknown> {
  // While Lambda freezes the function, the other end may close a kept connection, and the next request on it would fail.
  const headers = { accept: 'application/json', connection: 'close' };
  const response = await fetch(url, { redirect: 'manual', signal, headers });
  if (response.status !== 200 || response.body === null) {
    await response.body?.cancel();
    throw new Refusal(`status ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Refusal('too long');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString());
}
