import { defineConfig, type Plugin } from 'vitest/config';
import { mutated, sourceOf } from './patches.ts';
import { UNIT_MUTANTS } from './unit-mutants.ts';

const MARK = /\?mutant=(\d+)$/;

/** Loads our files anew for each mutant, with the mutant in them: all that a file with a mark imports has that mark. */
const mutants: Plugin = {
  name: 'mutants',
  enforce: 'pre',
  async resolveId(source, importer = '') {
    const [mark] = MARK.exec(importer) ?? [];
    if (mark === undefined || !source.startsWith('.')) return undefined;
    const resolved = await this.resolve(source, importer.slice(0, -mark.length), { skipSelf: true });
    return resolved?.id.endsWith('.ts') ? `${resolved.id}${mark}` : resolved;
  },
  load(id) {
    const [mark = '', place] = MARK.exec(id) ?? [];
    const mutant = UNIT_MUTANTS[Number(place)];
    if (mutant === undefined || !id.endsWith(`/functions/${mutant.file}${mark}`)) return undefined;
    return mutated(mutant, sourceOf(mutant));
  },
};

/** Runs the test of every mutant over that mutant: `npx vitest run --config test/sim/unit-mutants.config.ts`. */
export default defineConfig({
  plugins: [mutants],
  test: { include: ['test/sim/unit-mutants.run.ts'], silent: true, testTimeout: 60_000 },
});
