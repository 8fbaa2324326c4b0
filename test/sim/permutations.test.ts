import { expect, test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';
import { PERMUTED } from './permutations.ts';
import { SUITES } from './suites.ts';

test('every choice of operations ends the same in every order: more than 300,000 orders', async () => {
  expect(SUITES.permutations.seeds).toBe(PERMUTED.length);
  const { cases } = await expectNoFindings('permutations');
  expect(cases).toBeGreaterThanOrEqual(300_000);
});
