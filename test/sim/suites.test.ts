import { test } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';
import { SUITE_NAMES } from './suites.ts';

test.each(SUITE_NAMES)('the first seeds of the suite %s find nothing', async (suite) => {
  await expectNoFindings(suite, 'fast');
});
