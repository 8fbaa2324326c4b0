import { expect, test } from 'vitest';
import { FAULTS } from './fault-cases.ts';
import { brokenBy } from './judging.ts';

test.each(FAULTS)('a fault breaks no rule but its own: $what', async ({ make, rules, on, authentication }) => {
  expect(await brokenBy(make(), on, authentication)).toEqual(rules);
});
