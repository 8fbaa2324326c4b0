import { describe, expect, test } from 'vitest';
import { huntFrom, readNoticed } from './hunt.ts';
import { MUTANTS } from './mutants.ts';

const MINUTE_MS = 60_000;

const noticed = readNoticed();

describe.concurrent('a fault of our own making is noticed', () => {
  test.each(MUTANTS)('$name', { timeout: 5 * MINUTE_MS }, async (mutant) => {
    const { findings } = await huntFrom(noticed, mutant);
    expect(findings).not.toEqual([]);
  });
});

test('one that is no longer noticed where it was is looked for among all seeds', async () => {
  const mutant = MUTANTS.find(({ name }) => name === 'elements of one event are not told apart');
  if (mutant === undefined) throw new Error('there is no such mutant');
  const { findings, seeds } = await huntFrom({ [mutant.name]: 0 }, mutant);
  expect(findings).not.toEqual([]);
  expect(seeds).toBeGreaterThan(1);
});
