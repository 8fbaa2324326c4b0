import { Buffer } from 'node:buffer';
import { createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Makes a key of a secret that a sender puts into a header as it is. */
export const textKey = (secret: string): KeyObject => createSecretKey(Buffer.from(secret.trim()));

const digest = (bytes: string | Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

/** Tests that a text is one of the secrets. Compares with all of them, so that the time taken reveals nothing. */
export function isSecret(given: string, keys: readonly KeyObject[]): boolean {
  const own = digest(given);
  return keys.filter((key) => timingSafeEqual(own, digest(key.export()))).length > 0;
}

/** The secret in a header `Authorization`, with or without the word `Bearer`. */
export const bearerIn = (headers: Readonly<Record<string, string | undefined>>): string | undefined =>
  headers['authorization']?.trim().replace(/^bearer +/i, '');
