import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { UNIT_MUTANTS } from './unit-mutants.ts';

test.each(UNIT_MUTANTS)('the fault "$name" is noticed by $test', ({ name, test: file }) => {
  const run = spawnSync('node_modules/.bin/vitest', ['run', '--maxWorkers=1', '--bail=1', file], {
    env: { ...process.env, MUTANT: name },
    encoding: 'utf8',
  });
  expect(run.stdout, run.stderr).toMatch(/[1-9]\d* failed/);
});
