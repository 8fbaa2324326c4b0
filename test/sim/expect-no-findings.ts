import { expect } from 'vitest';
import { inThreads } from './jobs.ts';
import { SUITES, type SuiteName, type Swept } from './suites.ts';

/** Runs all seeds of a suite on all processors, and expects no finding. */
export async function expectNoFindings(suite: SuiteName): Promise<Swept> {
  const { seeds } = SUITES[suite];
  const swept = await inThreads({ suite, from: 0, count: seeds });
  expect(swept.findings.slice(0, 2)).toEqual([]);
  expect(swept.seeds).toBe(seeds);
  return swept;
}
