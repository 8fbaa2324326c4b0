import { expect, test } from 'vitest';
import { mutated, sourceOf } from './patches.ts';
import { UNIT_MUTANTS } from './unit-mutants.ts';

test('the text of every mutant for tests of one file stands in its file exactly once', () => {
  for (const mutant of UNIT_MUTANTS) expect(mutated(mutant, sourceOf(mutant))).not.toBe(sourceOf(mutant));
});
