import { expect, test } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { mutated, sourceOf } from './patches.ts';

test('mutants are at least seventy, each with a name of its own', () => {
  expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(70);
});

test('the text of every mutant stands in its file exactly once', () => {
  for (const mutant of MUTANTS) expect(mutated(mutant, sourceOf(mutant))).not.toBe(sourceOf(mutant));
});

test('a mutant changes one text that stands there exactly once', () => {
  const mutant = { name: 'm', file: 'f', from: 'a + b', to: 'a - $&' };
  expect(mutated(mutant, 'x = a + b;')).toBe('x = a - $&;');
  expect(() => mutated(mutant, 'x = a;')).toThrow('"m" does not find its text exactly once');
  expect(() => mutated(mutant, 'a + b, a + b')).toThrow('"m" does not find its text exactly once');
});
