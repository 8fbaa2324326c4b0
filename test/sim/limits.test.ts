import { test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';

test('documents that overflow, and operations beyond the horizon, revive nothing', async () => {
  await expectNoFindings('limits');
});
