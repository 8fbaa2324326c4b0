import { test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';

test('40,000 schedules on a hostile store end as the serial order says, and no read shows what was not true', async () => {
  await expectNoFindings('storage');
});
