import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFunctions } from '../../infra/bundling.ts';
import { BUNDLES } from '../../infra/function.ts';
import { DOORS } from '../../infra/settings.ts';

/** Bundles the functions once in a fresh clone: a synthesis needs the files. Tests that run bundles make their own. */
export async function setup(): Promise<void> {
  if (!DOORS.every((door) => existsSync(join(BUNDLES, door, 'index.js')))) await bundleFunctions(BUNDLES);
}
