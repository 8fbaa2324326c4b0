import { Buffer } from 'node:buffer';
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { orUnavailable, Unavailable } from '../core/outcome.ts';
import type { Log } from '../lambda/log.ts';
import { asking, CLIENT } from './client.ts';

/** How long a secret is used before it is read again (ms): a new one is known everywhere after this. */
const REFRESH_MS = 300_000;

type Stage = 'AWSCURRENT' | 'AWSPREVIOUS';

/** The newest first. Two are live at a time, so that a sender can change over without a refused request. */
const LIVE: readonly Stage[] = ['AWSCURRENT', 'AWSPREVIOUS'];

/** For whoever signs or hashes, and so has no use for the one before. */
export const NEWEST: readonly Stage[] = ['AWSCURRENT'];

export type SecretsPorts<T> = {
  readonly client: SecretsManagerClient;
  /** The name or ARN of each credential's secret. */
  readonly names: Readonly<Record<string, string>>;
  /** Makes of a secret's text what it is used as; throws where the text cannot be used. */
  readonly decode: (text: string) => T;
  /** Which versions are read: those that are live unless given. */
  readonly stages?: readonly Stage[];
  readonly now: () => number;
  readonly log: Log;
};

/** Reads live secrets through a client of its own. */
export const secretsIn = <T>(names: SecretsPorts<T>['names'], decode: SecretsPorts<T>['decode'], log: Log) =>
  secretsReader({ client: new SecretsManagerClient(CLIENT), names, decode, now: Date.now, log });

type Cached<T> = { readonly secrets: Promise<readonly T[]>; readonly readAt: number };

/**
 * The live secrets of a credential, newest first; none for an id without a secret. Read at first use and again every 5
 * minutes; while they can't be read again, the known ones stay good. Rejects with `Unavailable` if there are none yet.
 */
export function secretsReader<T>(ports: SecretsPorts<T>): (id: string) => Promise<readonly T[]> {
  const cache = new Map<string, Cached<T>>();
  return (id) => {
    const name = Object.hasOwn(ports.names, id) ? ports.names[id] : undefined;
    if (name === undefined) return Promise.resolve([]);
    const cached = cache.get(id);
    if (cached && ports.now() - cached.readAt < REFRESH_MS) return cached.secrets;
    const read = liveSecrets(ports, id, name);
    const secrets = cached ? read.catch(() => cached.secrets) : read;
    cache.set(id, { secrets, readAt: ports.now() });
    // A first read that failed is not remembered: the next request tries again.
    if (!cached) read.catch(() => cache.delete(id));
    return secrets;
  };
}

async function liveSecrets<T>(ports: SecretsPorts<T>, id: string, name: string): Promise<readonly T[]> {
  const { client, stages = LIVE } = ports;
  const secrets: T[] = [];
  // One after the other: a second call at the same time would open a second connection, in the middle of a cold start.
  for (const stage of stages) {
    const text = await secretText(client, name, stage);
    if (text === undefined) continue;
    try {
      secrets.push(ports.decode(text));
    } catch {
      ports.log('error', 'secret.unusable', { credential: id, version: stage });
    }
  }
  return secrets;
}

const secretText = (client: SecretsManagerClient, SecretId: string, VersionStage: Stage): Promise<string | undefined> =>
  asking(async () => {
    try {
      return (await client.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString;
    } catch (error) {
      // A secret that was never changed has no previous version.
      if (VersionStage === 'AWSPREVIOUS' && error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  });

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

/** The digest under the newest key of the named secret. */
export function pseudonymDigest(client: SecretsManagerClient, secret: string, log: Log) {
  const names = { pseudonyms: secret };
  const keysOf = secretsReader({ client, names, decode: pseudonymKey, stages: NEWEST, now: Date.now, log });
  return digestUnder(() => keysOf('pseudonyms'));
}

/** What a log shows in place of a name: enough to follow one token or account through it. */
const PSEUDONYM_DIGITS = 12;

/** Pseudonyms for the log, or none while there is no key: no work waits for a line of the log. */
export async function pseudonymsUnder(
  digest: () => Promise<(text: string) => string>,
): Promise<((name: string) => string) | undefined> {
  const hash = await orUnavailable(digest);
  return 'kind' in hash ? undefined : (name) => hash(name).slice(0, PSEUDONYM_DIGITS);
}
