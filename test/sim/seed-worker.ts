import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './jobs.ts';
import { withMutant } from './patches.ts';
import type { SweepResult } from './suites.ts';

/** Runs one job. The mutant, if there is one, is in all that `suites.ts` imports. */
async function resultOf({ mutant, sweep: range }: Job): Promise<SweepResult> {
  const run = async (mark: string): Promise<SweepResult> => {
    const suites: typeof import('./suites.ts') = await import(`./suites.ts${mark}`);
    return suites.sweep(range);
  };
  return mutant ? withMutant(mutant, run) : run('');
}

// Only jobs.ts starts this thread, with jobs.
const jobs = workerData as readonly Job[];
const results: SweepResult[] = [];
for (const job of jobs) results.push(await resultOf(job));
parentPort?.postMessage(results);
