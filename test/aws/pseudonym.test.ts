import { expect, test } from 'vitest';
import { digestUnder, digestWith, pseudonymKey, pseudonymsUnder } from '../../functions/aws/secrets.ts';
import { Unavailable } from '../../functions/core/outcome.ts';

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
