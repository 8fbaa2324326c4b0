import { defineConfig } from 'vitest/config';

const deep = ['test/**/*.deep.test.ts'];

/** Rooms whose tests start no process and change nothing that outlives a test. */
const SHARED = [
  'conformance',
  'account-api',
  'history',
  'infra',
  'core',
  'devices',
  'events',
  'jwt',
  'lambda',
  'memory',
  'mirror',
  'operations',
  'resolve',
  'sweep',
];
const shared = SHARED.map((room) => `test/${room}/**/*.test.ts`);

export default defineConfig({
  test: {
    // `npm test` runs the first two: every rule once. Files of `fast-shared` share their modules, which halves the time of
    // those rooms: most of it went to loading. `npm run test:deep` runs the third: the long runs of the simulator, the
    // fuzz, seeds that once failed, faults that others make, and the tests that start or kill whole processes.
    projects: [
      { extends: true, test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: [...deep, ...shared] } },
      { extends: true, test: { name: 'fast-shared', include: shared, exclude: deep, isolate: false } },
      { extends: true, test: { name: 'deep', include: deep } },
    ],
    globalSetup: './test/infra/bundled.ts',
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
