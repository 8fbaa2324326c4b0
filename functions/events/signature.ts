import { Buffer } from 'node:buffer';
import { createHmac, createPublicKey, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import * as z from 'zod/mini';
import { type HttpRequest, jsonIn } from '../lambda/request.ts';

/** The most that the time of an attempt may differ from ours (s). Standard Webhooks' own libraries use 5 minutes too. */
export const TOLERANCE_S = 300;

/**
 * Returns the key in a Standard Webhooks secret: `whsec_` (optional; Supabase prints `v1,whsec_`) and the base64 of 24 to
 * 64 random bytes, also between blanks or lines. Throws if the text is anything else, so that a secret that cannot verify
 * anything fails when it is read.
 */
export function webhookKey(secret: string): KeyObject {
  const bytes = bytesIn(secret.trim().replace(/^(?:v1,)?whsec_/, ''));
  if (bytes === undefined || bytes.length < 24 || bytes.length > 64)
    throw new Error('a webhook secret must be whsec_ and the base64 of 24 to 64 bytes');
  return createSecretKey(bytes);
}

/** A key of the asymmetric scheme: `whpk_` and the base64 of 32 bytes, of Ed25519. */
export const PublicKey = z.pipe(
  z.string(),
  z.transform((text, { issues }): KeyObject => {
    const bytes = text.startsWith('whpk_') ? bytesIn(text.slice('whpk_'.length)) : undefined;
    if (bytes?.length === 32) {
      const x = bytes.toString('base64url');
      return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    }
    issues.push({ code: 'custom', input: text, message: 'must be whpk_ and the base64 of 32 bytes' });
    return z.NEVER;
  }),
);

/** The bytes of a base64 text, also without padding; undefined if it is none. */
function bytesIn(encoded: string): Buffer | undefined {
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '') ? bytes : undefined;
}

/** `body`: raw bytes, or text that stands for its bytes in UTF-8. */
export type SignedRequest = {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array | string;
};

/**
 * A reason why a request is not signed; it says nothing secret. `clockS`: seconds that the sender's clock is ahead of ours.
 * `isWrong`: everything but the signature is as it must be.
 */
export type Fault = { readonly fault: string; readonly clockS?: number; readonly isWrong?: boolean };

/** A message's id, the same on every attempt, or what is wrong with its headers. */
type Verdict = { readonly id: string } | Fault;

/**
 * Judges if one of the keys signed the raw bytes for an attempt made now: Standard Webhooks 1.0.0, the symmetric scheme `v1`
 * by secret keys, and the asymmetric one, `v1a`, by public keys. Svix has the same scheme under names of its own;
 * `webhook-*` wins where both are there.
 */
export function verified({ headers, body }: SignedRequest, keys: readonly KeyObject[], nowMs: number): Verdict {
  const has = (family: string) => PARTS.some((part) => headers[`${family}-${part}`] !== undefined);
  const family = has('svix') && !has('webhook') ? 'svix' : 'webhook';
  const nameOf = (part: (typeof PARTS)[number]) => `${family}-${part}`;
  const [id = '', timestamp = '', signature = ''] = PARTS.map((part) => headers[nameOf(part)]);
  const missing = PARTS.map(nameOf).filter((name) => (headers[name] ?? '') === '');
  if (missing.length > 0) return { fault: `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing` };
  // An id has no dot, so the signed text `id.timestamp.body` splits in one way only.
  if (!/^[!-~]{1,256}$/.test(id) || id.includes('.'))
    return { fault: `${nameOf('id')} has more than 256 characters, or one that is a dot, a blank or not ASCII` };
  if (!/^\d{10}$/.test(timestamp)) return { fault: `${nameOf('timestamp')} is not in whole seconds since 1970` };
  const aheadMs = Number(timestamp) * 1000 - nowMs;
  const clockS = Math.round(aheadMs / 1000);
  if (Math.abs(aheadMs) > TOLERANCE_S * 1000)
    return { fault: `${nameOf('timestamp')} is ${distance(clockS)} our clock; ${TOLERANCE_S} are allowed`, clockS };
  const given = signaturesIn(signature, keys);
  if (given.v1.length + given.v1a.length === 0) return { fault: `${nameOf('signature')} has no ${schemesOf(keys)}` };
  if (isSignedByOne(keys, given, `${id}.${timestamp}.`, body)) return { id };
  return { fault: `${nameOf('signature')} does not match this id, timestamp and body with this secret`, isWrong: true };
}

/** Returns the id and the JSON of a message that a live key signed, or why there is none. */
export function signedJson(
  request: HttpRequest,
  { keys, nowMs }: { readonly keys: readonly KeyObject[]; readonly nowMs: number },
): { id: string; body: unknown } | ({ refused: 'not_signed' } & Fault) | { refused: 'not_json' } {
  const verdict = verified(request, keys, nowMs);
  if ('fault' in verdict) return { refused: 'not_signed', ...verdict };
  const json = jsonIn(request.body);
  return json === undefined ? { refused: 'not_json' } : { id: verdict.id, body: json.value };
}

const PARTS = ['id', 'timestamp', 'signature'] as const;

const distance = (aheadS: number) => `${Math.abs(aheadS)} seconds ${aheadS > 0 ? 'ahead of' : 'behind'}`;

const isPublic = ({ type }: KeyObject): boolean => type === 'public';

const V1 = '"v1," with the base64 of 32 bytes';
const schemesOf = (keys: readonly KeyObject[]): string =>
  keys.some(isPublic) ? `${V1}, nor "v1a," with that of 64` : V1;

/** The signatures of a list, by scheme: of `v1` the text, in base64, of `v1a` the bytes. */
type Signatures = Readonly<Record<'v1' | 'v1a', readonly Buffer[]>>;

/** Compares every signature with every key, also after a match, so that the time taken reveals nothing. */
const isSignedByOne = (
  keys: readonly KeyObject[],
  given: Signatures,
  head: string,
  body: Uint8Array | string,
): boolean => keys.flatMap((key) => matches(key, given, head, body)).includes(true);

function matches(key: KeyObject, { v1, v1a }: Signatures, head: string, body: Uint8Array | string): boolean[] {
  if (isPublic(key)) {
    const signed = Buffer.concat([Buffer.from(head), Buffer.from(body)]);
    return v1a.map((signature) => verify(null, signed, key, signature));
  }
  const expected = Buffer.from(createHmac('sha256', key).update(head).update(body).digest('base64'));
  return v1.map((digest) => timingSafeEqual(digest, expected));
}

/**
 * Reads a list of signatures. Spaces separate it, and commas where HTTP or a sender joined several headers. Skips other
 * schemes, `v1a` without a public key, and entries that are not the base64 of 32 or 64 bytes in its one spelling: a decoder
 * ignores the spare bits of the last letter and would accept several.
 */
function signaturesIn(header: string, keys: readonly KeyObject[]): Signatures {
  const entries = header.split(/,? +|,(?=v\d+a?,)/);
  const of = (scheme: string, shape: RegExp) =>
    entries.flatMap((entry) => {
      const text = entry.startsWith(scheme) ? entry.slice(scheme.length) : '';
      return shape.test(text) ? text : [];
    });
  return {
    v1: of('v1,', /^[A-Za-z0-9+/]{43}=$/).map((text) => Buffer.from(text)),
    v1a: keys.some(isPublic)
      ? of('v1a,', /^[A-Za-z0-9+/]{85}[AQgw]==$/).map((text) => Buffer.from(text, 'base64'))
      : [],
  };
}
