import { expect, test } from 'vitest';
import { errorLine } from '../../functions/lambda/log.ts';

test('an error is shown by its name and by where it was thrown, not by its text', () => {
  const { error, stack } = errorLine(new RangeError('canary\n    at canary'));
  expect(error).toBe('RangeError');
  expect(stack).toMatch(/^at .*log\.test\.ts:\d+:\d+/);
  expect(stack).not.toContain('canary');
});

test('a thrown value that is no error is shown by its type', () => {
  expect(errorLine('canary')).toEqual({ error: 'string' });
});
