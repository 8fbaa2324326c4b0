import { expect, test } from 'vitest';
import { readCorpus } from './corpus.ts';
import { expectNoFindings } from './expect-no-findings.ts';
import { SUITE_NAMES, sweep } from './suites.ts';

test.each(SUITE_NAMES)('the first seeds of the suite %s find nothing', async (suite) => {
  await expectNoFindings(suite, 'fast');
});

test.each(readCorpus())('seed $seed of $suite, which once failed, passes', async ({ suite, seed, only }) => {
  const { findings } = await sweep({ suite, from: seed, count: 1, only });
  expect(findings).toEqual([]);
});
