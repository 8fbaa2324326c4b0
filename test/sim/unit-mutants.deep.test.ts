import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { UNIT_MUTANTS } from './unit-mutants.ts';

const RUN = ['run', '--config', 'test/sim/unit-mutants.config.ts', '--reporter=dot'];

test('every fault that the simulator cannot see is noticed by the test that it names', { timeout: 600_000 }, () => {
  const env = { ...process.env, NO_COLOR: '1' };
  const { stdout, stderr } = spawnSync('node_modules/.bin/vitest', RUN, { env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const failed = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('FAIL'));
  const missed = UNIT_MUTANTS.filter(({ name }) => !failed.some((line) => line.includes(` > ${name} > `)));
  expect(missed.map(({ name, test }) => `${name}: ${test}`)).toEqual([]);
});
