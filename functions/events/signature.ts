import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** How far the time of an attempt may be from ours (s). Standard Webhooks' own libraries use 5 minutes both ways. */
export const TOLERANCE_S = 300;

const PREFIX = 'whsec_';

/**
 * The key behind a Standard Webhooks secret: `whsec_` and the base64 of 24 to 64 random bytes; the prefix may be left out.
 * Throws where the text is something else: a secret that cannot verify anything must not start to be used.
 */
export function webhookKey(secret: string): KeyObject {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  const bytes = Buffer.from(encoded, 'base64');
  const isBase64 = bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '');
  if (!isBase64 || bytes.length < 24 || bytes.length > 64)
    throw new Error('a webhook secret is whsec_ and the base64 of 24 to 64 bytes');
  return createSecretKey(bytes);
}

/** The body in raw bytes, or as the text that they are in UTF-8. */
export type SignedRequest = {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array | string;
};

/**
 * Whether one of the keys signed the request, for an attempt made now: Standard Webhooks 1.0.0, symmetric scheme `v1`,
 * over the raw bytes. Answers the message's id, which is the same for every attempt, or nothing; never why not.
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
  // The id's alphabet has no dot: `id.timestamp.body` can be read in one way only.
  const isWellFormed = /^[A-Za-z0-9_-]{1,128}$/.test(id) && /^\d{10}$/.test(timestamp);
  const isRecent = Math.abs(nowMs / 1000 - Number(timestamp)) <= TOLERANCE_S;
  return isGenuine && isWellFormed && isRecent ? id : undefined;
}

/** Compares every signature with every key, whatever has matched before: the time taken says nothing. */
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
 * The `v1` digests of a space-separated list, as the text that they are: the last letter of base64 has bits to spare,
 * which a decoder would not look at. Other schemes, and what is not the base64 of 32 bytes, are passed over.
 */
const digestsIn = (header: string): Buffer[] =>
  header
    .split(' ')
    .filter((entry) => /^v1,[A-Za-z0-9+/]{43}=$/.test(entry))
    .map((entry) => Buffer.from(entry.slice('v1,'.length)));
