import { expect, test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';
import { MIRROR_FAULTS } from './faults.ts';

const MINUTE_MS = 60_000;

test('a hosted side that loses, delays and swaps what it is told ends as the registry says, in 1,500 hostile cases', {
  timeout: 10 * MINUTE_MS,
}, async () => {
  const { faults, figures } = await expectNoFindings('mirror');
  expect([figures.leaksAtRest, figures.missingAtRest]).toEqual([0, 0]);
  // Of simulated time: every wait that a single failure can cost, one after the other, is some minutes.
  expect(figures.longestMs).toBeLessThan(30 * MINUTE_MS);
  expect(figures.leakMs / figures.removing).toBeLessThan(20_000);
  // Nothing expires within ten minutes.
  const expected = MIRROR_FAULTS.filter((fault) => fault !== 'store forgets what has expired');
  expect(Object.keys(faults).sort()).toEqual([...expected].sort());
});
