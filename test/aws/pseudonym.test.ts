import { expect, test } from 'vitest';
import { digestUnder, digestWith, pseudonymKey, pseudonymsUnder } from '../../functions/aws/secrets.ts';
import { Unavailable } from '../../functions/core/outcome.ts';

test('a digest depends on the key and on the name, and on nothing else', () => {
  const [a, b] = [digestWith(pseudonymKey('key a')), digestWith(pseudonymKey('key b'))];
  expect(a('alice')).toMatch(/^[0-9a-f]{64}$/);
  expect(a('alice')).toBe(a('alice'));
  expect(new Set([a('alice'), a('bobby'), b('alice')]).size).toBe(3);
});

test('the newest key is used; without one there is none', async () => {
  const keys = ['new', 'old'].map(pseudonymKey);
  const digest = await digestUnder(async () => keys)();
  expect(digest('alice')).toBe(digestWith(pseudonymKey('new'))('alice'));
  await expect(digestUnder(async () => [])()).rejects.toThrow(Unavailable);
});

test('the log does without pseudonyms while the key cannot be read', async () => {
  const pseudonymOf = await pseudonymsUnder(async () => digestWith(pseudonymKey('key')));
  expect(pseudonymOf?.('alice')).toMatch(/^[0-9a-f]{12}$/);
  const none = await pseudonymsUnder(async () => {
    throw new Unavailable('TimeoutError');
  });
  expect(none).toBeUndefined();
});
