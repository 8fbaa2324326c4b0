import { Buffer } from 'node:buffer';
import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** An app's secret: the key of signatures, and the digest for Basic authentication. */
export type AppSecret = { readonly key: KeyObject; readonly digest: Buffer };

/**
 * Returns the secret in a text, without the blanks and line ends that a file or a form adds. Throws if it is empty, because
 * an empty secret would prove every request.
 */
export function appSecret(stored: string): AppSecret {
  const text = stored.trim();
  if (text === '') throw new Error('the secret of an app must not be empty');
  return { key: createSecretKey(Buffer.from(text, 'utf8')), digest: sha256(text) };
}

/** The credential of a request: the app that it names, and its proof. */
export type Credential =
  | { readonly kind: 'basic'; readonly app: string; readonly digest: Buffer }
  | { readonly kind: 'signature'; readonly app: string; readonly timestamp: string; readonly sign: string };

/**
 * Returns the credential in a request's headers (names in lower case). If there are both, TPNS's signature decides and
 * Basic authentication is ignored. Clients of either dialect may use either.
 */
export function credentialIn(headers: Readonly<Record<string, string | undefined>>): Credential | undefined {
  const { sign, accessid: app = '', timestamp = '', authorization } = headers;
  if (sign !== undefined) return { kind: 'signature', app, timestamp, sign };
  return authorization === undefined ? undefined : basicIn(authorization);
}

/** RFC 7617: the scheme in any letter case; the first colon ends the user's name. */
function basicIn(authorization: string): Credential | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1] ?? '';
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(':');
  // Node decodes almost any text as base64: accept only the text that Node itself would encode.
  if (colon === -1 || bytes.toString('base64') !== encoded) return undefined;
  return { kind: 'basic', app: bytes.toString('utf8', 0, colon), digest: sha256(bytes.subarray(colon + 1)) };
}

/** An attempt: its body (raw bytes, or text that stands for its bytes in UTF-8) and its time (ms since 1970). */
export type Attempt = { readonly body: Uint8Array | string; readonly nowMs: number; readonly windowMs: number };

/**
 * Returns true if one of the secrets proves the credential. Compares all of them in constant time, also after a match. A
 * signature must also be recent: its `TimeStamp`, in seconds since 1970, is within the window either way.
 */
export function isProven(credential: Credential, secrets: readonly AppSecret[], attempt: Attempt): boolean {
  let matches = 0;
  for (const secret of secrets) matches += isProvenBy(secret, credential, attempt) ? 1 : 0;
  return matches > 0 && isRecent(credential, attempt);
}

function isProvenBy({ key, digest }: AppSecret, credential: Credential, { body }: Attempt): boolean {
  if (credential.kind === 'basic') return timingSafeEqual(credential.digest, digest);
  const expected = signatureOf(key, { ...credential, body });
  // Compared as text: a decoder ignores the spare bits of base64's last letter and would accept two spellings.
  return timingSafeEqual(sha256(credential.sign), sha256(expected));
}

function isRecent(credential: Credential, { nowMs, windowMs }: Attempt): boolean {
  if (credential.kind === 'basic') return true;
  const isSeconds = /^\d{10}$/.test(credential.timestamp);
  return isSeconds && Math.abs(nowMs - Number(credential.timestamp) * 1000) <= windowMs;
}

export type Signed = { readonly timestamp: string; readonly app: string; readonly body: Uint8Array | string };

/**
 * Returns TPNS's `Sign`: the base64 of the lower-case hexadecimal HMAC-SHA256 over TimeStamp, AccessId and the raw body,
 * without separators (https://tencentcloud.com/document/api/1024/34213).
 */
export const signatureOf = (key: KeyObject, { timestamp, app, body }: Signed): string =>
  Buffer.from(createHmac('sha256', key).update(`${timestamp}${app}`).update(body).digest('hex')).toString('base64');

const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest();
