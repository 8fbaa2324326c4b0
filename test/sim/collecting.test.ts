import { test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';

test('10,000 schedules with collectors beside them end as if nothing had been collected, and weeks later nothing is left of who is bound nowhere', async () => {
  await expectNoFindings('collecting');
});
