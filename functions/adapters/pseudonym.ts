import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { orUnavailable, Unavailable } from '../core/outcome.ts';

/** Any secret text as a key. */
export const pseudonymKey = (text: string): KeyObject => createSecretKey(Buffer.from(text, 'utf8'));

/** The keyed digest of a name, in 64 hexadecimal digits: nobody without the key can tell whose it is, or find out by guessing. */
export const digestWith =
  (key: KeyObject) =>
  (text: string): string =>
    createHmac('sha256', key).update(text).digest('hex');

/** The digest under the newest of the keys. Rejects with `Unavailable` while there are none. */
export const digestUnder =
  (keysOf: () => Promise<readonly KeyObject[]>) => async (): Promise<(text: string) => string> => {
    const [key] = await keysOf();
    if (key === undefined) throw new Unavailable('no key for pseudonyms');
    return digestWith(key);
  };

/** What a log shows in place of a name: enough to follow one token or account through it. */
export const PSEUDONYM_DIGITS = 12;

/** Pseudonyms for the log, or none while there is no key: no work waits for a line of the log. */
export async function pseudonymsUnder(
  digest: () => Promise<(text: string) => string>,
): Promise<((name: string) => string) | undefined> {
  const hash = await orUnavailable(digest);
  return 'kind' in hash ? undefined : (name) => hash(name).slice(0, PSEUDONYM_DIGITS);
}
