import { expect, test } from 'vitest';
import { orUnavailable, Unavailable } from '../../functions/core/outcome.ts';

test('an unavailable service becomes a value with its reason', async () => {
  const refused = orUnavailable(() => Promise.reject(new Unavailable('ThrottlingException')));
  await expect(refused).resolves.toEqual({ kind: 'unavailable', reason: 'ThrottlingException' });
});

test('a result of work that succeeds stays as it is', async () => {
  await expect(orUnavailable(async () => 5)).resolves.toBe(5);
});

test('a bug in work is thrown on', async () => {
  await expect(orUnavailable(() => Promise.reject(new TypeError('a bug')))).rejects.toThrow('a bug');
});
