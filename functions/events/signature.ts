import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type HttpRequest, jsonIn } from '../lambda/request.ts';

/** The most that the time of an attempt may differ from ours (s). Standard Webhooks' own libraries use 5 minutes too. */
export const TOLERANCE_S = 300;

/**
 * Returns the key in a Standard Webhooks secret: `whsec_` (optional; Supabase prints `v1,whsec_`) and the base64 of 24 to
 * 64 random bytes, also between blanks or lines. Throws if the text is anything else, so that a secret that cannot verify
 * anything fails when it is read.
 */
export function webhookKey(secret: string): KeyObject {
  const encoded = secret.trim().replace(/^(?:v1,)?whsec_/, '');
  const bytes = Buffer.from(encoded, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  if (!isBase64 || bytes.length < 24 || bytes.length > 64)
    throw new Error('a webhook secret must be whsec_ and the base64 of 24 to 64 bytes');
  return createSecretKey(bytes);
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
 * Judges if one of the keys signed the raw bytes for an attempt made now: Standard Webhooks 1.0.0, symmetric scheme `v1`.
 * Svix has the same scheme under names of its own; `webhook-*` wins where both are there.
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
  const given = digestsIn(signature);
  if (given.length === 0) return { fault: `${nameOf('signature')} has no "v1," with the base64 of 32 bytes` };
  if (isSignedByOne(keys, given, id, timestamp, body)) return { id };
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

/** Compares every signature with every key, also after a match, so that the time taken reveals nothing. */
function isSignedByOne(
  keys: readonly KeyObject[],
  given: readonly Buffer[],
  id: string,
  timestamp: string,
  body: Uint8Array | string,
): boolean {
  let matches = 0;
  for (const key of keys) {
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
    const expected = Buffer.from(hmac.digest('base64'));
    for (const digest of given) matches += timingSafeEqual(digest, expected) ? 1 : 0;
  }
  return matches > 0;
}

/**
 * Returns the `v1` digests of a list, as base64 text. Spaces separate it, and commas where HTTP or a sender joined
 * several headers. A decoder ignores the spare bits of the last letter and would accept two spellings. Skips other schemes and entries that are not the base64 of 32 bytes.
 */
const digestsIn = (header: string): Buffer[] =>
  header
    .split(/,? +|,(?=v\d+a?,)/)
    .filter((entry) => /^v1,[A-Za-z0-9+/]{43}=$/.test(entry))
    .map((entry) => Buffer.from(entry.slice('v1,'.length)));
