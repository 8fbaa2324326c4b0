import { createRequire } from 'node:module';

/**
 * Plays Lambda's runtime in one cold start: loads a bundle from its file, calls it with one event, and prints the time of
 * both. The benchmark bundles this file, so that Node has no types to strip.
 */

const [, , file = '', event = '{}'] = process.argv;

/** Loads a function as Lambda's runtime does: CommonJS by `require`, an ES module by `import()`. */
const load = async () => (file.endsWith('.mjs') ? await import(file) : createRequire(import.meta.url)(file));

/** Logs to standard error as JSON, like Lambda; standard output is for the figures. */
const line = (entry: unknown) => process.stderr.write(`${JSON.stringify(entry)}\n`);
Object.assign(console, { info: line, warn: line, error: line });
// Opens the log before the measurement, as Lambda's runtime does before it loads a function.
process.stderr.write('');

const loading = spent();
const { handler } = await load();
const loaded = spent();
await handler(JSON.parse(event), { getRemainingTimeInMillis: () => 10_000 });
const answered = spent();
const figures = {
  importMs: loaded.cpu - loading.cpu,
  importWallMs: loaded.wall - loading.wall,
  firstMs: answered.cpu - loading.cpu,
};
process.stdout.write(JSON.stringify(figures), () => process.exit(0));

/** The processor time of all threads of this process, user and system, and the wall time (ms). */
function spent(): { cpu: number; wall: number } {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1000, wall: performance.now() };
}
