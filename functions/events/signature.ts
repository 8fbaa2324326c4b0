import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** The most that the time of an attempt may differ from ours (s). Standard Webhooks' own libraries use 5 minutes too. */
export const TOLERANCE_S = 300;

const PREFIX = 'whsec_';

/**
 * Returns the key in a Standard Webhooks secret: `whsec_` (optional) and the base64 of 24 to 64 random bytes. Throws if the
 * text is anything else, so that a secret that cannot verify anything fails when it is read.
 */
export function webhookKey(secret: string): KeyObject {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
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
 * Returns the message's id, the same for every attempt, if one of the keys signed the raw bytes for an attempt made now:
 * Standard Webhooks 1.0.0, symmetric scheme `v1`. Returns undefined if not, without the reason.
 */
export function verifiedId(
  { headers, body }: SignedRequest,
  keys: readonly KeyObject[],
  nowMs: number,
): string | undefined {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  const given = digestsIn(headers['webhook-signature'] ?? '');
  const isGenuine = isSignedByOne(keys, given, id, timestamp, body);
  // An id has no dot, so the signed text `id.timestamp.body` splits in one way only.
  const isWellFormed = /^[A-Za-z0-9_-]{1,128}$/.test(id) && /^\d{10}$/.test(timestamp);
  const isRecent = Math.abs(nowMs / 1000 - Number(timestamp)) <= TOLERANCE_S;
  return isGenuine && isWellFormed && isRecent ? id : undefined;
}

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
 * Returns the `v1` digests of a space-separated list, as base64 text: a decoder ignores the spare bits of the last letter
 * and would accept two spellings. Skips other schemes and entries that are not the base64 of 32 bytes.
 */
const digestsIn = (header: string): Buffer[] =>
  header
    .split(' ')
    .filter((entry) => /^v1,[A-Za-z0-9+/]{43}=$/.test(entry))
    .map((entry) => Buffer.from(entry.slice('v1,'.length)));
