import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawOperation } from './cast.ts';
import { diverges } from './lattice.ts';
import { randomOf } from './random.ts';

test('operations of drawn histories end as the serial order says; a history that fails shrinks to the smallest', () => {
  const draw = { tokens: 2, spanMs: 3, sessions: 0.5, types: 0.5 };
  const history = fc.uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(history, fc.nat(), (seeds, order) => {
      const operations = seeds.map((seed, i) => drawOperation(randomOf(seed), i % 4, i, draw));
      expect(diverges(order, randomOf(order), operations)).toBeUndefined();
    }),
    { numRuns: 2_000, seed: 1 },
  );
});
