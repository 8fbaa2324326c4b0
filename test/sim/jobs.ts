import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as z from 'zod';
import { MUTANTS } from './mutants.ts';
import type { Hunt, Mutant } from './patches.ts';
import { SUITES, type Sweep, type SweepResult, sumOf } from './suites.ts';

/** A sweep over seeds, over the code as it is or over a mutant of it. */
export type Job = { readonly sweep: Sweep; readonly mutant?: Mutant | undefined };

/** Runs jobs one after the other in a thread of their own. Returns their results in order. */
function inThread(jobs: readonly Job[]): Promise<SweepResult[]> {
  const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), { workerData: jobs });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and without a result`)));
  });
}

/** Runs jobs in as many threads as there are processors. Returns their results in order. */
async function inThreads(jobs: readonly Job[]): Promise<SweepResult[]> {
  const threads = availableParallelism();
  const shares = Array.from({ length: threads }, (_, i) => jobs.filter((_, j) => j % threads === i));
  const results = await Promise.all(shares.map(inThread));
  return jobs.flatMap((_, j) => results[j % threads]?.[Math.floor(j / threads)] ?? []);
}

/** Runs a sweep cut into two pieces for each processor. Returns the sum of their results. */
export async function inPieces(sweep: Sweep, mutant?: Mutant): Promise<SweepResult> {
  const { from, count } = sweep;
  const size = Math.ceil(count / (2 * availableParallelism()));
  const jobs: Job[] = [];
  for (let first = from; first < from + count; first += size)
    jobs.push({ mutant, sweep: { ...sweep, from: first, count: Math.min(size, from + count - first) } });
  return sumOf(await inThreads(jobs));
}

const NOTICED = new URL('./noticed.json', import.meta.url);

/** By the name of a mutant, the seed that noticed it in the last hunt. */
const readNoticed = () => z.record(z.string(), z.int()).parse(JSON.parse(readFileSync(NOTICED, 'utf8')));

type HuntResult = { readonly mutant: Hunt; readonly result: SweepResult };

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
  writeFileSync(NOTICED, `${JSON.stringify(Object.fromEntries(seeds), null, 2)}\n`);
  return results;
}

export const isMissed = ({ result }: HuntResult): boolean => result.findings.length === 0;

async function hunt(mutants: readonly Hunt[], rangeOf: (mutant: Hunt) => Pick<Sweep, 'from' | 'count'>) {
  const results = await inThreads(
    mutants.map((mutant) => ({ mutant, sweep: { suite: mutant.suite, ...rangeOf(mutant), isFirstEnough: true } })),
  );
  return mutants.flatMap((mutant, i) => results.slice(i, i + 1).map((result) => ({ mutant, result })));
}
