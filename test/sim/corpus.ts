import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { MIRROR_FAULTS } from './faults.ts';
import { SUITE_NAMES } from './suites.ts';

const FILE = new URL('./corpus.json', import.meta.url);

/** A seed that once failed. `only`: the faults it was restricted to. */
const Entry = z.strictObject({
  suite: z.enum(SUITE_NAMES),
  seed: z.int().min(0),
  only: z.array(z.enum(MIRROR_FAULTS)).optional(),
});
export type Entry = z.infer<typeof Entry>;

export const readCorpus = (): Entry[] => z.array(Entry).parse(JSON.parse(readFileSync(FILE, 'utf8')));

/** Every seed that ever failed stays in the corpus, and `npm run test:deep` runs it. */
export function addToCorpus(entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const lines = new Set([...readCorpus(), ...entries].map((entry) => JSON.stringify(entry)));
  const pretty = [...lines].map(
    (line) => `  ${line.replaceAll('":', '": ').replaceAll(',"', ', "').replace('{', '{ ').replace(/}$/, ' }')}`,
  );
  writeFileSync(FILE, `[\n${pretty.join(',\n')}\n]\n`);
}
