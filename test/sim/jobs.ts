import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { inParallel } from '../../functions/core/parallel.ts';
import type { Mutant } from './patches.ts';
import { type Sweep, type Swept, sumOf } from './suites.ts';

/** A sweep over seeds in a thread of its own, over the code as it is or over a mutant of it. */
export type Job = { readonly sweep: Sweep; readonly mutant?: Mutant };

export function inThread(job: Job): Promise<Swept> {
  const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), {
    workerData: job,
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread ended with ${code} and without an answer`)));
  });
}

/** A sweep cut in two pieces for each processor, in as many threads at a time as there are processors. */
export async function inThreads(sweep: Sweep, mutant?: Mutant): Promise<Swept> {
  const { from, count } = sweep;
  const size = Math.ceil(count / (2 * availableParallelism()));
  const pieces: Sweep[] = [];
  for (let first = from; first < from + count; first += size)
    pieces.push({ ...sweep, from: first, count: Math.min(size, from + count - first) });
  const swept = await inParallel(pieces, availableParallelism(), (piece) =>
    inThread({ sweep: piece, ...(mutant && { mutant }) }),
  );
  return sumOf(swept);
}
