import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { type Fault, type SignedRequest, TOLERANCE_S } from './signature.ts';

// Secrets that are any text, not the base64 of Standard Webhooks.

/** Makes a key of the bytes of a secret, without blanks around them. Throws if it is too short to be one. */
export function textKey(secret: string): KeyObject {
  const bytes = Buffer.from(secret.trim());
  if (bytes.length < 8) throw new Error('a secret must have 8 characters or more');
  return createSecretKey(bytes);
}

/** Returns the fault of a header that is to be the HMAC-SHA-256 of the body, in hexadecimal. */
export function bodyFault(
  { headers, body }: SignedRequest,
  keys: readonly KeyObject[],
  name: string,
): Fault | undefined {
  const given = headers[name] ?? '';
  if (given === '') return { fault: `${name} is missing` };
  if (isHexSigned([given], keys, body)) return undefined;
  return { fault: `${name} is not the HMAC-SHA-256 of this body with this secret, in hexadecimal`, isWrong: true };
}

/** Judges if one of the keys made one of the digests: HMAC-SHA-256 in hexadecimal, of all parts in their order. */
function isHexSigned(
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

const DIGITS = { seconds: 10, milliseconds: 13 } as const;

/**
 * Returns the fault of a header such as `t=TIME,v1=DIGEST`, whose digests are of the time of the attempt, a dot and the
 * body. `unit`: of that time.
 */
export function timedFault(
  { headers, body }: SignedRequest,
  { keys, nowMs }: { readonly keys: readonly KeyObject[]; readonly nowMs: number },
  name: string,
  unit: keyof typeof DIGITS,
): Fault | undefined {
  const header = headers[name] ?? '';
  if (header === '') return { fault: `${name} is missing` };
  const parts = header.split(',').map((part) => part.trim());
  const valuesOf = (key: string) =>
    parts.flatMap((part) => (part.startsWith(`${key}=`) ? part.slice(key.length + 1) : []));
  const [time = '', ...others] = valuesOf('t');
  if (!/^\d+$/.test(time) || time.length !== DIGITS[unit] || others.length > 0)
    return { fault: `${name} has not one "t=" with ${unit} since 1970` };
  const aheadMs = Number(time.padEnd(DIGITS.milliseconds, '0')) - nowMs;
  const clockS = Math.round(aheadMs / 1000);
  if (Math.abs(aheadMs) > TOLERANCE_S * 1000)
    return { fault: `"t=" of ${name} is more than ${TOLERANCE_S} seconds from our clock`, clockS };
  if (isHexSigned(valuesOf('v1'), keys, `${time}.`, body)) return undefined;
  return { fault: `${name} does not match this time and body with this secret`, isWrong: true };
}

const digest = (bytes: string | Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

/** Returns the fault of the header `authorization`, which is to be one of the secrets, with or without the word `Bearer`. */
export function authorizationFault({ headers }: SignedRequest, keys: readonly KeyObject[]): Fault | undefined {
  const given = (headers['authorization'] ?? '').trim().replace(/^bearer +/i, '');
  if (given === '') return { fault: 'the header Authorization is missing' };
  return isOneText(
    given,
    keys.map((key) => key.export()),
  )
    ? undefined
    : { fault: 'Authorization is not the secret of the source', isWrong: true };
}

/** Tests that a text is one of others, in a time that does not tell how much of it is right. */
export const isOneText = (given: string, right: readonly (string | Uint8Array)[]): boolean =>
  isOneOf([digest(given)], right.map(digest));

/** Compares all of them, also after a match, so that the time taken reveals nothing. All are of one length. */
function isOneOf(given: readonly Buffer[], right: readonly Buffer[]): boolean {
  let matches = 0;
  for (const one of right) for (const other of given) matches += timingSafeEqual(one, other) ? 1 : 0;
  return matches > 0;
}
