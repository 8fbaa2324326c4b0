import { createRequire } from 'node:module';

/**
 * Stands in for the runtime of one cold start: loads a bundle from its file, hands it one event, and writes what the
 * process spent on that. Bundled by the bench, so that Node itself has no types to strip.
 */

const [, , file = '', event = '{}'] = process.argv;

/** As Lambda's runtime loads a function: CommonJS by `require`, an ES module by `import()`. */
const load = async () => (file.endsWith('.mjs') ? await import(file) : createRequire(import.meta.url)(file));

/** As Lambda with JSON logs has it; standard output is for the figures. */
const line = (entry: unknown) => process.stderr.write(`${JSON.stringify(entry)}\n`);
Object.assign(console, { info: line, warn: line, error: line });
// The runtime has opened its log before it loads a function; here the first line would.
process.stderr.write('');

const loading = spent();
const { handler } = await load();
const loaded = spent();
const reply: unknown = await handler(JSON.parse(event), {});
const answered = spent();
const figures = {
  importMs: loaded.cpu - loading.cpu,
  importWallMs: loaded.wall - loading.wall,
  firstMs: answered.cpu - loading.cpu,
  reply,
};
process.stdout.write(JSON.stringify(figures), () => process.exit(0));

/** Milliseconds of processor, user and system, of all threads of this process; and of the wall's clock. */
function spent(): { cpu: number; wall: number } {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1000, wall: performance.now() };
}
