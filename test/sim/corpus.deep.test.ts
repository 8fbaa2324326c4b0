import { expect, test } from 'vitest';
import { readCorpus } from './corpus.ts';
import { sweep } from './suites.ts';

test.each(readCorpus())('seed $seed of $suite, which once failed, passes', async ({ suite, seed, only }) => {
  const { findings } = await sweep({ suite, from: seed, count: 1, only });
  expect(findings).toEqual([]);
});
