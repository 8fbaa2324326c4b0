import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Fault, SignedRequest } from './signature.ts';

// Secrets that are any text, not the base64 of Standard Webhooks.

/** Makes a key of the bytes of a secret, without blanks around them. Throws if it is too short to be one. */
export function textKey(secret: string): KeyObject {
  const bytes = Buffer.from(secret.trim());
  if (bytes.length < 8) throw new Error('a secret must have 8 characters or more');
  return createSecretKey(bytes);
}

/** Judges if one of the keys made one of the digests: HMAC-SHA-256 in hexadecimal, of all parts in their order. */
export function isHexSigned(
  given: readonly string[],
  keys: readonly KeyObject[],
  ...parts: readonly (string | Uint8Array)[]
): boolean {
  const digests = given.filter((one) => /^[0-9a-f]{64}$/i.test(one)).map((one) => Buffer.from(one, 'hex'));
  const right = keys.map((key) => {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  });
  return isOneOf(digests, right);
}

const digest = (bytes: string | Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

/** Returns the fault of the header `authorization`, which is to be one of the secrets, with or without the word `Bearer`. */
export function authorizationFault({ headers }: SignedRequest, keys: readonly KeyObject[]): Fault | undefined {
  const given = (headers['authorization'] ?? '').trim().replace(/^bearer +/i, '');
  if (given === '') return { fault: 'the header Authorization is missing' };
  const right = keys.map((key) => digest(key.export()));
  return isOneOf([digest(given)], right)
    ? undefined
    : { fault: 'Authorization is not the secret of the source', isWrong: true };
}

/** Compares all of them, also after a match, so that the time taken reveals nothing. All are of one length. */
function isOneOf(given: readonly Buffer[], right: readonly Buffer[]): boolean {
  let matches = 0;
  for (const one of right) for (const other of given) matches += timingSafeEqual(one, other) ? 1 : 0;
  return matches > 0;
}
