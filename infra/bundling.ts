import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

const standIn = (file: string): string => fileURLToPath(new URL(`bundled/${file}`, import.meta.url));

/**
 * How a function becomes one file. The tests bundle with the same options and load the result, since a bundle that dies
 * at its cold start passes every test of the template.
 *
 * CommonJS, and `import()` lowered to `require`: in an ES module on Node 22 and later, importing `node:http` loads the
 * built-in fetch too, 45 ms of a cold start (nodejs/node#57649). `module` comes first because the SDK's ES modules are
 * the ones that esbuild can drop unused parts from. `alias` leaves out what a function on Lambda never uses.
 */
export const BUNDLE = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minify: true,
  mainFields: ['module', 'main'],
  supported: { 'dynamic-import': false },
  alias: {
    '@aws-sdk/credential-provider-node': standIn('credentials.ts'),
    '@smithy/core/event-streams': standIn('event-streams.ts'),
  },
} satisfies BuildOptions;
