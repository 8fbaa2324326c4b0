import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Input } from '../../functions/aws/calls.ts';
import {
  digestUnder,
  digestWith,
  NEWEST,
  pseudonymKey,
  pseudonymsUnder,
  type SecretsClient,
  type SecretsPorts,
  secretsReader,
} from '../../functions/aws/secrets.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { Line } from '../../functions/lambda/log.ts';
import { startSecrets, type Versions } from '../../local/aws/servers.ts';
import { localClient } from './local-client.ts';

const MINUTE = 60_000;

let kept: Map<string, Versions>;
let server: Awaited<ReturnType<typeof startSecrets>>;
let client: SecretsClient;
let now: number;
let lines: { message: string; line: Line }[];
beforeEach(async () => {
  kept = new Map([['name-of-app', { AWSCURRENT: 'new', AWSPREVIOUS: 'old' }]]);
  server = await startSecrets(kept);
  client = localClient('secretsmanager', server.url);
  now = 0;
  lines = [];
});
afterEach(() => server.stop());

const reader = (more: Partial<SecretsPorts<string>> = {}) =>
  secretsReader({
    client,
    names: { app: 'name-of-app' },
    ...more,
    decode: (text) => {
      if (text === 'broken') throw new Error('not usable: canary');
      return text;
    },
    now: () => now,
    log: (_, message, line) => lines.push({ message, line }),
  });

test.each([
  ['that was rotated has two secrets, newest first', { AWSCURRENT: 'new', AWSPREVIOUS: 'old' }, {}, ['new', 'old']],
  ['that was never rotated has one secret', { AWSCURRENT: 'first' }, {}, ['first']],
  ['has its newest secret alone if no other is wanted', { AWSPREVIOUS: 'broken' }, { stages: NEWEST }, ['new']],
])('a credential %s', async (_, versions, ports, secrets) => {
  kept.set('name-of-app', { AWSCURRENT: 'new', ...versions });
  expect(await reader(ports)('app')).toEqual(secrets);
  expect(lines).toEqual([]);
});

test('an id without a secret has none, also one that objects inherit', async () => {
  expect(await reader()('other')).toEqual([]);
  expect(await reader()('constructor')).toEqual([]);
});

test('secrets are read once, and again after five minutes', async () => {
  const secretsOf = reader();
  await secretsOf('app');
  kept.set('name-of-app', { AWSCURRENT: 'newer', AWSPREVIOUS: 'new' });
  now = 4 * MINUTE - 1;
  expect(await secretsOf('app')).toEqual(['new', 'old']);
  now = 5 * MINUTE;
  expect(await secretsOf('app')).toEqual(['newer', 'new']);
});

/** Makes every call of the client wait until `go`. Returns the versions that calls ask for. */
function slow() {
  const asked: (string | undefined)[] = [];
  const gate = Promise.withResolvers<void>();
  const { attempt, call } = client;
  const wait = (input: unknown) => {
    asked.push((input as Input<'secretsmanager', 'GetSecretValue'>).VersionStage); // of its one call
    return gate.promise;
  };
  const waiting: SecretsClient = {
    call: (action, input) => wait(input).then(() => call(action, input)),
    attempt: (action, input, expected) => wait(input).then(() => attempt(action, input, expected)),
  };
  Object.assign(client, waiting);
  return { asked, go: gate.resolve };
}

test('secrets known for four minutes are used while they are read again, and no request waits', async () => {
  const secretsOf = reader();
  await secretsOf('app');
  const { asked, go } = slow();
  kept.set('name-of-app', { AWSCURRENT: 'newer', AWSPREVIOUS: 'new' });
  now = 4 * MINUTE;
  for (let i = 0; i < 3; i++) expect(await secretsOf('app')).toEqual(['new', 'old']);
  await vi.waitFor(() => expect(asked).toEqual(['AWSCURRENT', 'AWSPREVIOUS']));
  go();
  await vi.waitFor(async () => expect(await secretsOf('app')).toEqual(['newer', 'new']));
});

test('secrets known for five minutes are used after a second if reading them again takes longer', async () => {
  const secretsOf = reader();
  await secretsOf('app');
  slow();
  now = 5 * MINUTE;
  const startedMs = performance.now();
  expect(await secretsOf('app')).toEqual(['new', 'old']);
  expect(performance.now() - startedMs).toBeGreaterThan(900);
  expect(performance.now() - startedMs).toBeLessThan(1_900);
});

test('the previous version is read after the current one, or beside it if that is slow', async () => {
  const { asked, go } = slow();
  const read = reader()('app');
  await setTimeout(100);
  expect(asked).toEqual(['AWSCURRENT']);
  await vi.waitFor(() => expect(asked).toEqual(['AWSCURRENT', 'AWSPREVIOUS']));
  go();
  expect(await read).toEqual(['new', 'old']);
});

test('known secrets work while they cannot be read again', async () => {
  const secretsOf = reader();
  await secretsOf('app');
  kept.delete('name-of-app');
  now = 5 * MINUTE;
  expect(await secretsOf('app')).toEqual(['new', 'old']);
});

test('secrets are unavailable until the first read succeeds, and each request tries again', async () => {
  kept.delete('name-of-app');
  const secretsOf = reader();
  await expect(secretsOf('app')).rejects.toThrow(Unavailable);
  kept.set('name-of-app', { AWSCURRENT: 'first' });
  expect(await secretsOf('app')).toEqual(['first']);
});

test('an unusable secret is undefined, and the log names its credential only', async () => {
  kept.set('name-of-app', { AWSCURRENT: 'new', AWSPREVIOUS: 'broken' });
  expect(await reader()('app')).toEqual(['new', undefined]);
  expect(lines).toEqual([{ message: 'secret.unusable', line: { credential: 'app', version: 'AWSPREVIOUS' } }]);
});

test.each([
  ['no text', {}],
  ['an empty text', { SecretString: '' }],
  ['a blank text', { SecretString: ' \n' }],
])('a current secret with %s is unusable, not missing', async (_, answer) => {
  // A secret of bytes has no text. The casts are safe: the reader makes no other call.
  const other: SecretsClient = {
    call: async () => answer as never,
    attempt: async () => ({ SecretString: 'old' }) as never,
  };
  expect(await reader({ client: other })('app')).toEqual([undefined, 'old']);
  expect(lines).toEqual([{ message: 'secret.unusable', line: { credential: 'app', version: 'AWSCURRENT' } }]);
});

test('a digest depends on the key and the name only', () => {
  const [a, b] = [digestWith(pseudonymKey('key a')), digestWith(pseudonymKey('key b'))];
  expect(a('alice')).toMatch(/^[0-9a-f]{64}$/);
  expect(a('alice')).toBe(a('alice'));
  expect(new Set([a('alice'), a('bobby'), b('alice')]).size).toBe(3);
});

test('a digest uses the newest key, and is unavailable without one', async () => {
  const keys = ['new', 'old'].map(pseudonymKey);
  const digest = await digestUnder(async () => keys)();
  expect(digest('alice')).toBe(digestWith(pseudonymKey('new'))('alice'));
  await expect(digestUnder(async () => [])()).rejects.toThrow(Unavailable);
});

test('the log has no pseudonyms while the key cannot be read', async () => {
  const pseudonymOf = await pseudonymsUnder(async () => digestWith(pseudonymKey('key')));
  expect(pseudonymOf?.('alice')).toMatch(/^[0-9a-f]{12}$/);
  const none = await pseudonymsUnder(async () => {
    throw new Unavailable('TimeoutError');
  });
  expect(none).toBeUndefined();
});
