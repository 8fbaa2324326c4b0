import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { orUnavailable, Unavailable } from '../core/outcome.ts';
import type { Log } from '../lambda/log.ts';
import { type AwsClient, Refused } from './calls.ts';
import { awsClient } from './client.ts';

/** How long a secret is used before it is read again (ms), while requests use the known one. */
const REFRESH_MS = 240_000;

/** Every instance uses a new secret after this time (ms), unless reading it takes longer than `PATIENCE_MS`. */
const STALE_MS = 300_000;

/** How long a request waits for a newer secret than the known one (ms). */
const PATIENCE_MS = 1_000;

/** When the previous version is read beside the current one (ms). Before, a second connection would slow a cold start. */
const SLOW_MS = 500;

type Stage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** Newest first. Two versions are live at a time, so that a sender can change its secret without a refused request. */
const LIVE: readonly Stage[] = ['AWSCURRENT', 'AWSPREVIOUS'];

/** Current version only. For keys we sign or hash with; only verification needs the previous one. */
export const NEWEST: readonly Stage[] = ['AWSCURRENT'];

export type SecretsClient = AwsClient<'secretsmanager'>;

export type SecretsPorts<T> = {
  readonly client: SecretsClient;
  /** The name or ARN of each credential's secret. */
  readonly names: Readonly<Record<string, string>>;
  /** Decodes the text of a credential's secret; throws if it cannot be used. */
  readonly decode: (text: string, id: string) => T | Promise<T>;
  /** The versions to read. Default: current and previous. */
  readonly stages?: readonly Stage[];
  readonly now: () => number;
  readonly log: Log;
};

/** Reads secrets through a client of its own. `stages`: the versions to read. Default: current and previous. */
export const secretsIn = <T>(
  names: SecretsPorts<T>['names'],
  decode: SecretsPorts<T>['decode'],
  log: Log,
  stages: readonly Stage[] = LIVE,
) => secretsReader({ client: awsClient('secretsmanager'), names, decode, stages, now: Date.now, log });

/** `next`: the secrets that are being read to replace these. */
type Cached<T> = {
  readonly secrets: Promise<readonly (T | undefined)[]>;
  readonly readAt: number;
  next?: Promise<readonly (T | undefined)[]>;
};

/**
 * Returns the live secrets of a credential, newest first, undefined for one that cannot be used; none for an id without a
 * secret. Reads them at first use, and in use every 4 minutes; if a later read fails, the known secrets stay in use. A
 * request waits for it after 5 minutes only, and for a second at most. Rejects with `Unavailable` if the first fails.
 */
export function secretsReader<T>(ports: SecretsPorts<T>): (id: string) => Promise<readonly (T | undefined)[]> {
  const cache = new Map<string, Cached<T>>();
  return (id) => {
    const name = Object.hasOwn(ports.names, id) ? ports.names[id] : undefined;
    if (name === undefined) return Promise.resolve([]);
    const cached = cache.get(id);
    const now = ports.now();
    if (cached === undefined) {
      const secrets = liveSecrets(ports, id, name);
      cache.set(id, { secrets, readAt: now });
      // If the first read fails, forget it: the next request tries again.
      secrets.catch(() => cache.delete(id));
      return secrets;
    }
    if (now - cached.readAt < REFRESH_MS) return cached.secrets;
    cached.next ??= liveSecrets(ports, id, name)
      .catch(() => cached.secrets)
      .then((secrets) => {
        cache.set(id, { secrets: Promise.resolve(secrets), readAt: now });
        return secrets;
      });
    if (now - cached.readAt < STALE_MS) return cached.secrets;
    return Promise.race([cached.next, setTimeout(PATIENCE_MS, cached.secrets, { ref: false })]);
  };
}

async function liveSecrets<T>(ports: SecretsPorts<T>, id: string, name: string): Promise<readonly (T | undefined)[]> {
  const { client, stages = LIVE } = ports;
  let last: Promise<unknown> = Promise.resolve();
  const texts = stages.map((stage, place) => {
    const turn = place > 0 && Promise.race([last, setTimeout(SLOW_MS, undefined, { ref: false })]);
    const text = Promise.resolve(turn).then(() => secretText(client, name, stage));
    last = text;
    return text;
  });
  const secrets: (T | undefined)[] = [];
  for (const [place, text] of (await Promise.all(texts)).entries()) {
    if (text === undefined) continue;
    try {
      if (text.trim() === '') throw new Error('the secret has no text');
      secrets.push(await ports.decode(text, id));
    } catch {
      ports.log('error', 'secret.unusable', { credential: id, version: `${stages[place]}` });
      secrets.push(undefined);
    }
  }
  return secrets;
}

/** Returns the text of a version, empty if it has bytes instead; undefined if there is no such version. */
async function secretText(client: SecretsClient, SecretId: string, VersionStage: Stage): Promise<string | undefined> {
  const asked = { SecretId, VersionStage };
  if (VersionStage === 'AWSCURRENT') return (await client.call('GetSecretValue', asked)).SecretString ?? '';
  // A secret that was never changed has no previous version.
  const previous = await client.attempt('GetSecretValue', asked, 'ResourceNotFoundException');
  return previous instanceof Refused ? undefined : (previous.SecretString ?? '');
}

/** Makes a key of any secret text. */
export const pseudonymKey = (text: string): KeyObject => createSecretKey(Buffer.from(text, 'utf8'));

/** Keyed digest of a name, in 64 hexadecimal digits. Without the key the name cannot be found, even by guessing. */
export const digestWith =
  (key: KeyObject) =>
  (text: string): string =>
    createHmac('sha256', key).update(text).digest('hex');

/** The digest with the newest of the keys. Rejects with `Unavailable` while there is none. */
export const digestUnder =
  (keysOf: () => Promise<readonly (KeyObject | undefined)[]>) => async (): Promise<(text: string) => string> => {
    const [key] = await keysOf();
    if (key === undefined) throw new Unavailable('no key for pseudonyms');
    return digestWith(key);
  };

/** The digest with the newest key of the named secret. */
export function pseudonymDigest(client: SecretsClient, secret: string, log: Log) {
  const names = { pseudonyms: secret };
  const keysOf = secretsReader({ client, names, decode: pseudonymKey, stages: NEWEST, now: Date.now, log });
  return digestUnder(() => keysOf('pseudonyms'));
}

/** Digits of a pseudonym in the log: enough to follow one token or account through it. */
const PSEUDONYM_DIGITS = 12;

/** Returns pseudonyms for the log; undefined while there is no key, since no work waits for a log line. */
export async function pseudonymsUnder(
  digest: () => Promise<(text: string) => string>,
): Promise<((name: string) => string) | undefined> {
  const hash = await orUnavailable(digest);
  return 'kind' in hash ? undefined : (name) => hash(name).slice(0, PSEUDONYM_DIGITS);
}
