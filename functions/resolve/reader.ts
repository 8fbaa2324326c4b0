import type { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Reader, ReaderId } from '../core/identity.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';
import type { HttpRequest } from '../lambda/request.ts';

/** The digest of a reader's secret. */
export type ReaderSecret = Buffer;

const sha256 = (text: string): ReaderSecret => createHash('sha256').update(text).digest();

/**
 * Returns the secret in a text, without the blanks and line ends that a file or a form adds. Throws if no header could
 * carry it.
 */
export function readerSecret(stored: string): ReaderSecret {
  const text = stored.trim();
  if (!/^[!-~]+$/.test(text)) throw new Error('the secret of a reader must be visible ASCII without blanks');
  return sha256(text);
}

export type ReaderPorts = {
  readonly readers: readonly Reader[];
  /** Returns a reader's live secrets, newest first; undefined for one that cannot be used. May reject with `Unavailable`. */
  readonly secretsOf: (reader: ReaderId) => Promise<readonly (ReaderSecret | undefined)[]>;
};

type Unproven = { readonly kind: 'unproven' } | (Outcome & { readonly kind: 'unavailable' });

const UNUSABLE: Unproven = { kind: 'unavailable', reason: 'secret_unusable' };

/**
 * Returns the reader whose secret is the bearer of a request (RFC 6750 §2.1). Compares the secrets of all readers in
 * constant time, also after a match. `unavailable`: no secret matches, and one that might could not be read or used.
 */
export async function proveReader(
  { readers, secretsOf }: ReaderPorts,
  { headers }: HttpRequest,
): Promise<{ readonly reader: Reader } | Unproven> {
  const bearer = /^bearer +([!-~]+) *$/i.exec(headers['authorization'] ?? '')?.[1];
  if (bearer === undefined) return { kind: 'unproven' };
  const digest = sha256(bearer);
  const live = await Promise.all(readers.map(({ id }) => orUnavailable(() => secretsOf(id))));
  const proven = readers.filter((_, i) => has(live[i] ?? [], digest));
  if (proven[0] !== undefined) return { reader: proven[0] };
  const unread = live.map((one) =>
    'kind' in one ? one : one.length > 0 && one[0] === undefined ? UNUSABLE : undefined,
  );
  return unread.find((one) => one !== undefined) ?? { kind: 'unproven' };
}

const has = (secrets: readonly (ReaderSecret | undefined)[] | Unproven, digest: Buffer): boolean =>
  !('kind' in secrets) && secrets.filter((secret) => secret && timingSafeEqual(secret, digest)).length > 0;
