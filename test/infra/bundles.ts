import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { BUNDLE } from '../../infra/bundling.ts';
import { unusedKinds } from '../../infra/configuration.ts';
import { type Door, TIMEOUT_S } from '../../infra/settings.ts';
import { COMPLETE } from './synthesis.ts';

export const DOORS = Object.keys(TIMEOUT_S) as Door[]; // the keys of a record of doors

export type Bundles = Awaited<ReturnType<typeof bundleFunctions>>;

/**
 * Bundles all functions with the options of the deployment. One build for each, as in the deployment: a build of several
 * would keep code in all bundles that only one of them uses.
 */
export async function bundleFunctions() {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-bundles-'));
  const file = (door: Door): string => join(folder, door, 'index.js');
  const outputs = new Map(
    await Promise.all(DOORS.map(async (door) => [door, await bundleFunction(door, file(door))] as const)),
  );
  const contents = (door: Door) => {
    const output = outputs.get(door);
    if (output === undefined) throw new Error(`bug: no bundle of ${door} was made`);
    return output;
  };
  /** Returns the files with code in a bundle. */
  const filesIn = (door: Door): string[] =>
    Object.entries(contents(door).inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : []));
  const packages = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/;
  return {
    /** The bundle of a function. No package.json beside it says what kind of module it is, as in a deployed function. */
    file,
    contents,
    filesIn,
    /** Returns the packages with code in a bundle. */
    packagesIn: (door: Door): string[] => [...new Set(filesIn(door).flatMap((file) => packages.exec(file)?.[1] ?? []))],
    remove: () => rmSync(folder, { recursive: true }),
  };
}

async function bundleFunction(door: Door, outfile: string): Promise<Metafile['outputs'][string] | undefined> {
  const absWorkingDir = join(import.meta.dirname, '../..');
  const entry = `functions/${door}.ts`;
  const options = { ...BUNDLE, absWorkingDir, entryPoints: [entry], outfile, external: unusedKinds(COMPLETE) };
  const { metafile } = await build({ ...options, metafile: true });
  return Object.values(metafile.outputs)[0];
}
