import { expect, test } from 'vitest';
import { atRecordedSeeds, isMissed } from './jobs.ts';

test('every fault of our own making is noticed at its recorded seed', async () => {
  const missed = (await atRecordedSeeds()).filter(isMissed).map(({ mutant }) => mutant.name);
  expect(missed, 'no longer noticed there: `npm run sim -- --mutants` looks for other seeds').toEqual([]);
});
