import { beforeEach, describe } from 'vitest';
import { UNIT_MUTANTS } from './unit-mutants.ts';

// One process for all, so that packages are loaded once. Of each mutant the first failure is enough.
for (const [place, { name, test: file }] of UNIT_MUTANTS.entries())
  describe(name, async () => {
    let isNoticed = false;
    beforeEach(({ onTestFailed, skip }) => {
      skip(isNoticed);
      onTestFailed(() => {
        isNoticed = true;
      });
    });
    await import(/* @vite-ignore */ `../../${file}?mutant=${place}`);
  });
