import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes a run with its time and one line that any machine reads, `N passed, N failed`, after a line for each reason why
 * tests were skipped. A file that does not load counts as failed.
 */
export default class TallyReporter implements Reporter {
  private readonly started = performance.now();

  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const failed = tests.filter((test) => test.result().state === 'failed').length;
    const broken = modules.filter((module) => module.errors().length > 0).length + unhandledErrors.length;
    const reasons = tests.flatMap((test) => {
      const result = test.result();
      return result.state === 'skipped' && result.note !== undefined ? [result.note] : [];
    });
    for (const reason of new Set(reasons)) process.stdout.write(`\nskipped: ${reason}`);
    const seconds = Math.round((performance.now() - this.started) / 1000);
    process.stdout.write(`\ntook ${seconds} s\n${passed} passed, ${failed + broken} failed\n`);
  }
}
