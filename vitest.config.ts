import { defineConfig } from 'vitest/config';

const deep = 'test/**/*.deep.test.ts';

export default defineConfig({
  test: {
    // `npm test` runs the first: every rule once. `npm run test:deep` runs the second: the long runs of the simulator,
    // the fuzz, and the tests that start or kill whole processes.
    projects: [
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: [deep, 'node_modules/**'] } },
      { extends: true, test: { name: 'deep', include: [deep] } },
    ],
    // Vitest alone would use one of two processors.
    maxWorkers: 2,
    // The slowest suites synthesize the stack or run thousands of schedules; a hang still ends well before CI does.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Logs of the functions are printed for tests that fail.
    silent: 'passed-only',
    reporters: ['default', './test/tally-reporter.ts'],
  },
});
