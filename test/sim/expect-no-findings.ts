import { expect } from 'vitest';
import { inPieces } from './jobs.ts';
import { SUITES, type SuiteName, type SweepResult } from './suites.ts';

/** Runs the seeds that a test run takes of a suite, on all processors, and expects no finding. */
export async function expectNoFindings(suite: SuiteName, run: 'fast' | 'deep'): Promise<SweepResult> {
  const count = SUITES[suite].seeds[run];
  const result = await inPieces({ suite, from: 0, count });
  expect(result.findings.slice(0, 2)).toEqual([]);
  expect(result.seeds).toBe(count);
  return result;
}
