import { describe, expect, test } from 'vitest';
import { inThread } from './jobs.ts';
import { MUTANTS } from './mutants.ts';
import { SUITES } from './suites.ts';

const MINUTE_MS = 60_000;

describe.concurrent('a fault of our own making is noticed', () => {
  test.each(MUTANTS)('$name', { timeout: 5 * MINUTE_MS }, async (mutant) => {
    const { suite } = mutant;
    const sweep = { suite, from: 0, count: SUITES[suite].seeds, isFirstEnough: true };
    const { findings } = await inThread({ mutant, sweep });
    expect(findings).not.toEqual([]);
  });
});
