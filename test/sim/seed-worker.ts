import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './jobs.ts';
import { loadMutated } from './patches.ts';

// Only jobs.ts starts this thread, with a job.
const { mutant, sweep: range } = workerData as Job;
if (mutant) loadMutated(mutant);
const { sweep } = await import('./suites.ts');
parentPort?.postMessage(await sweep(range));
