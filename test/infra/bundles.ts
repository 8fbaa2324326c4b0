import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from '../../infra/bundling.ts';
import type { Door } from '../../infra/settings.ts';

export type Bundles = Awaited<ReturnType<typeof bundlesOfSource>>;

/** Bundles all functions of the source as it is now. */
export async function bundlesOfSource() {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-bundles-'));
  const outputs = await bundleFunctions(folder);
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
    file: (door: Door): string => join(folder, door, 'index.js'),
    contents,
    filesIn,
    /** Returns the packages with code in a bundle. */
    packagesIn: (door: Door): string[] => [...new Set(filesIn(door).flatMap((file) => packages.exec(file)?.[1] ?? []))],
    remove: () => rmSync(folder, { recursive: true }),
  };
}
