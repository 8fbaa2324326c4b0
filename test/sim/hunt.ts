import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import { inThreads } from './jobs.ts';
import { type Hunt, MUTANTS } from './mutants.ts';
import { SUITES, type SweepResult } from './suites.ts';

const FILE = new URL('./noticed.json', import.meta.url);

/** By the name of a mutant, the seed that noticed it in the last hunt. */
type NoticedSeeds = Readonly<Record<string, number>>;

const readNoticed = (): NoticedSeeds => z.record(z.string(), z.int()).parse(JSON.parse(readFileSync(FILE, 'utf8')));

export type HuntResult = { readonly mutant: Hunt; readonly result: SweepResult };

/** Runs each mutant at the seed that noticed it in the last hunt. */
export const atRecordedSeeds = (noticed = readNoticed()): Promise<HuntResult[]> =>
  hunt(MUTANTS, ({ name }) => ({ from: noticed[name] ?? 0, count: 1 }));

/**
 * Runs each mutant at its recorded seed, then those that it no longer notices over all seeds of `npm run test:deep`
 * until one does. Writes down the seeds that noticed.
 */
export async function huntAll(noticed = readNoticed()): Promise<HuntResult[]> {
  const recorded = await atRecordedSeeds(noticed);
  const missed = recorded.filter(isMissed).map(({ mutant }) => mutant);
  const hunted = await hunt(missed, ({ suite }) => ({ from: 0, count: SUITES[suite].seeds.deep }));
  const results = MUTANTS.flatMap((mutant) => [...hunted, ...recorded].find((one) => one.mutant === mutant) ?? []);
  const seeds = results.flatMap(({ mutant, result }) =>
    result.findings.slice(0, 1).map(({ seed }) => [mutant.name, seed]),
  );
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(seeds), null, 2)}\n`);
  return results;
}

export const isMissed = ({ result }: HuntResult): boolean => result.findings.length === 0;

async function hunt(
  mutants: readonly Hunt[],
  rangeOf: (mutant: Hunt) => { from: number; count: number },
): Promise<HuntResult[]> {
  const results = await inThreads(
    mutants.map((mutant) => ({ mutant, sweep: { suite: mutant.suite, ...rangeOf(mutant), isFirstEnough: true } })),
  );
  return mutants.flatMap((mutant, i) => results.slice(i, i + 1).map((result) => ({ mutant, result })));
}
