import { test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';

test('calls without a time end as if they had happened in the order in which they were made, whatever the clocks', async () => {
  await expectNoFindings('calls');
});
