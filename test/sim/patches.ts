import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import type { SuiteName } from './suites.ts';

/** A named fault of our own making: one text of one source file replaced by another, in this thread alone. */
export type Mutant = {
  readonly name: string;
  /** Relative to `functions/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
};

/** A mutant that a test of one file notices, and that file. */
export type UnitMutant = Mutant & { readonly test: string };

/** A mutant with the suite that has to notice it. */
export type Hunt = Mutant & { readonly suite: SuiteName };

/** Mutants of one file, by name. */
export const inFile = (
  file: string,
  suite: SuiteName,
  mutants: Readonly<Record<string, readonly [from: string, to: string]>>,
): Hunt[] => Object.entries(mutants).map(([name, [from, to]]) => ({ name, file, suite, from, to }));

/** Mutants of one file, by name, that one test notices: `core/merge` is `test/core/merge.test.ts`. */
export const noticedBy = (
  test: string,
  file: string,
  mutants: Readonly<Record<string, readonly [from: string, to: string]>>,
): UnitMutant[] =>
  Object.entries(mutants).map(([name, [from, to]]) => ({ name, test: `test/${test}.test.ts`, file, from, to }));

const ROOT = new URL('../../', import.meta.url);
const urlOf = ({ file }: Mutant) => new URL(file, new URL('functions/', ROOT)).href;

/** Returns the mutated source. Throws if the text does not stand there exactly once: then adapt the mutant. */
export function mutated({ name, file, from, to }: Mutant, source: string): string {
  if (source.split(from).length !== 2)
    throw new Error(`the mutant "${name}" does not find its text exactly once in functions/${file}`);
  return source.replace(from, () => to);
}

/** Returns the source file of a mutant as it stands, without the mutant. */
export const sourceOf = (mutant: Mutant): string => readFileSync(new URL(urlOf(mutant)), 'utf8');

/**
 * Runs `work` with an `import` that loads our files anew, with the mutant in them. Our files are those of this
 * repository; packages are loaded once for all mutants, which is most of the time that loading takes.
 */
export async function withMutant<T>(mutant: Mutant, work: (mark: string) => Promise<T>): Promise<T> {
  const mark = new URL(`?mutant=${mutant.name}`, ROOT).search;
  const target = `${urlOf(mutant)}${mark}`;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      const isOurs = resolved.url.startsWith(ROOT.href) && !resolved.url.includes('/node_modules/');
      const isNew = isOurs && context.parentURL?.endsWith(mark) && !resolved.url.endsWith(mark);
      return isNew ? { ...resolved, url: `${resolved.url}${mark}` } : resolved;
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      return url === target ? { ...loaded, source: mutated(mutant, String(loaded.source)) } : loaded;
    },
  });
  try {
    return await work(mark);
  } finally {
    hooks.deregister();
  }
}
