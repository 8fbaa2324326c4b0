import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawOperation } from './cast.ts';
import { expectNoFindings } from './expect-no-findings.ts';
import { diverges } from './lattice.ts';
import { randomOf } from './random.ts';

test('operations of 200,000 random histories, in any order, cut and copied, end as the serial order says', async () => {
  const { cases } = await expectNoFindings('lattice');
  expect(cases).toBeGreaterThanOrEqual(200_000);
});

test('the same, with histories that shrink to the smallest one that fails', () => {
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
