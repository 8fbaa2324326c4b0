import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { compiledInTime } from '../../functions/core/schema.ts';
import { AppEvent } from '../../functions/events/sources/standard-webhooks.ts';

const Word = z.string().check(z.minLength(2));

test('a schema is the one that was given until it has been used 10,000 times, and then a compiled one for good', () => {
  const word = compiledInTime(Word);
  for (let i = 0; i < 10_000; i++) expect(word()).toBe(Word);
  word();
  const compiled = word();
  expect(compiled).not.toBe(Word);
  expect(word()).toBe(compiled);
});

test('a schema that is about to read many values counts as many uses', () => {
  const word = compiledInTime(Word);
  expect(word(10_001)).toBe(Word);
  expect(word()).not.toBe(Word);
});

const event = fc.record(
  {
    type: fc.constantFrom('user.login', 'user.logout', 'user.logout_everywhere', 'device.token_changed', 'other'),
    id: fc.oneof(fc.string({ maxLength: 3 }), fc.integer()),
    timestamp: fc.constantFrom('2026-11-24T00:00:00Z', '2026-11-24T00:00:00.123+08:00', '2026-13-01T00:00:00Z', 'now'),
    data: fc.record(
      {
        token: fc.oneof(fc.string({ maxLength: 3 }), fc.constant('\ud800')),
        old_token: fc.string({ maxLength: 3 }),
        account: fc.string({ maxLength: 3, unit: 'grapheme' }),
        account_type: fc.integer({ min: -1, max: 2 }),
        accounts: fc.array(fc.record({ account: fc.string({ maxLength: 3 }) }), { maxLength: 2 }),
        mode: fc.constantFrom('override', 'append', 'replace'),
        scope: fc.constantFrom('token', 'account'),
        unknown: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['type', 'data'] },
);

test('the compiled schema of events returns the values and the errors of the plain one', () => {
  const compiled = compiledInTime(AppEvent);
  compiled(10_001);
  fc.assert(
    fc.property(event, (value) => {
      const [before, after] = [AppEvent.safeParse(value), compiled().safeParse(value)];
      expect(after.data).toEqual(before.data);
      expect(after.error?.issues).toEqual(before.error?.issues);
    }),
    { numRuns: 2_000 },
  );
});
