import { expect, test } from 'vitest';
import { FAULTS } from './fault-cases.ts';
import { brokenBy } from './judging.ts';

test.each(FAULTS)('a fault breaks no rule but its own: $what', async ({ handle, rules, on, authentication }) => {
  expect(await brokenBy(handle, on, authentication)).toEqual(rules);
});
