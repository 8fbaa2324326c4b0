import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { DOORS, type Door } from './settings.ts';

const root = join(import.meta.dirname, '..');
const standIn = (file: string): string => join(import.meta.dirname, 'bundled', file);

/**
 * Options of esbuild that make one file of a function.
 *
 * CommonJS, and `import()` lowered to `require`: in an ES module on Node 22 and later, importing `node:http` loads the
 * built-in fetch too, 45 ms of a cold start (nodejs/node#57649). `module` comes first because esbuild can drop unused
 * parts only from the SDK's ES modules. `alias` leaves out what a function on Lambda never uses. All else is in the bundle,
 * also the AWS SDK: the runtime's own changes without notice and loads slower than the parts that we use.
 */
export const BUNDLE = {
  absWorkingDir: root,
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

/** The content of one bundle: the files that it is made of, and their size in it. */
type Content = Metafile['outputs'][string];

/**
 * Bundles all functions into `<folder>/<door>/index.js`, for every configuration. One build for each: a build of several
 * would keep code in all bundles that only one of them uses. Unchanged source makes equal bytes.
 */
export async function bundleFunctions(folder: string): Promise<ReadonlyMap<Door, Content | undefined>> {
  const contents = DOORS.map(async (door) => [door, await bundleFunction(door, folder)] as const);
  return new Map(await Promise.all(contents));
}

async function bundleFunction(door: Door, folder: string): Promise<Content | undefined> {
  const files = { entryPoints: [`functions/${door}.ts`], outfile: join(folder, door, 'index.js') };
  const { metafile } = await build({ ...BUNDLE, ...files, metafile: true });
  return Object.values(metafile.outputs)[0];
}
