import { Buffer } from 'node:buffer';
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

// Secrets that are any text, not the base64 of Standard Webhooks.

/** The key of such a secret: its bytes, without blanks around them. Throws if it is too short to be one. */
export function textKey(secret: string): KeyObject {
  const bytes = Buffer.from(secret.trim());
  if (bytes.length < 8) throw new Error('a secret must have 8 characters or more');
  return createSecretKey(bytes);
}

/** Judges if one of the keys made one of the digests: HMAC-SHA-256 in hexadecimal, of all parts of a text in their order. */
export function isHexSigned(
  given: readonly string[],
  keys: readonly KeyObject[],
  ...parts: readonly (string | Uint8Array)[]
): boolean {
  const digests = given.filter((one) => /^[0-9a-f]{64}$/i.test(one)).map((one) => Buffer.from(one, 'hex'));
  return isOneOf(
    digests,
    keys.map((key) =>
      parts
        .reduce((hmac: ReturnType<typeof createHmac>, part) => hmac.update(part), createHmac('sha256', key))
        .digest(),
    ),
  );
}

/** Judges if the header `authorization` is one of the secrets, with `Bearer` in front or without. */
export function isAuthorized(authorization: string, keys: readonly KeyObject[]): boolean {
  const digest = (text: string | Uint8Array) => createHash('sha256').update(text).digest();
  const given = [authorization.trim().replace(/^Bearer +/i, '')].map(digest);
  return isOneOf(
    given,
    keys.map((key) => digest(key.export())),
  );
}

/** Compares all of them, also after a match, so that the time taken reveals nothing. All are of one length. */
function isOneOf(given: readonly Buffer[], right: readonly Buffer[]): boolean {
  let matches = 0;
  for (const one of right) for (const other of given) matches += timingSafeEqual(one, other) ? 1 : 0;
  return matches > 0;
}
