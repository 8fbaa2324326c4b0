import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Mutant } from './patches.ts';
import { type Sweep, type SweepResult, sumOf } from './suites.ts';

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
export async function inThreads(jobs: readonly Job[]): Promise<SweepResult[]> {
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
