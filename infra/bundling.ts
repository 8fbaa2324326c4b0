import { fileURLToPath } from 'node:url';
import type { BuildOptions } from 'esbuild';

const standIn = (file: string): string => fileURLToPath(new URL(`bundled/${file}`, import.meta.url));

/**
 * Options of esbuild that make one file of a function. The tests bundle with the same options and load the result: a
 * bundle that fails at its cold start passes every test of the template.
 *
 * CommonJS, and `import()` lowered to `require`: in an ES module on Node 22 and later, importing `node:http` loads the
 * built-in fetch too, 45 ms of a cold start (nodejs/node#57649). `module` comes first because esbuild can drop unused
 * parts only from the SDK's ES modules. `alias` leaves out what a function on Lambda never uses.
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

/** The options that the CDK has no property for, as arguments of esbuild's command line. */
export const BUNDLE_ARGUMENTS: Readonly<Record<string, string>> = Object.fromEntries([
  ...Object.entries(BUNDLE.supported).map(([feature, isSupported]) => [`--supported:${feature}`, `${isSupported}`]),
  ...Object.entries(BUNDLE.alias).map(([name, file]) => [`--alias:${name}`, file]),
]);
