import { expect, test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';
import { FAULTS } from './faults.ts';

const MINUTE_MS = 60_000;

test('doors, queue, worker and store leak nothing and lose nothing in 10,000 hostile cases', {
  timeout: 5 * MINUTE_MS,
}, async () => {
  const { faults, exposure } = await expectNoFindings('end-to-end');
  expect(exposure.leakedMs).toBe(0);
  expect(Object.keys(faults).sort()).toEqual([...FAULTS].sort());
});
