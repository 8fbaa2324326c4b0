import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

/** A named fault of our own making: one text of one source file replaced by another, in this thread alone. */
export type Mutant = {
  readonly name: string;
  /** From `functions/` on. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
};

const FUNCTIONS = new URL('../../functions/', import.meta.url);

/** The mutated source. Throws where the text does not stand there exactly once: then the mutant has to be adapted. */
export function mutated({ name, file, from, to }: Mutant, source: string): string {
  if (source.split(from).length !== 2)
    throw new Error(`the mutant "${name}" does not find its text exactly once in functions/${file}`);
  return source.replace(from, () => to);
}

/** Whatever this thread imports from now on is mutated. The files themselves and other threads stay as they are. */
export function loadMutated(mutant: Mutant): void {
  const target = new URL(mutant.file, FUNCTIONS).href;
  // Where the file is never imported, the text is checked all the same.
  mutated(mutant, readFileSync(new URL(target), 'utf8'));
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      return { ...loaded, source: mutated(mutant, String(loaded.source)) };
    },
  });
}
