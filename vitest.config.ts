import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Vitest alone would use one of two processors.
    maxWorkers: 2,
    // The slowest suites synthesize the stack or run thousands of schedules; a hang still ends well before CI does.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // What the functions log is shown for tests that fail.
    silent: 'passed-only',
    reporters: ['default', './test/tally-reporter.ts'],
  },
});
