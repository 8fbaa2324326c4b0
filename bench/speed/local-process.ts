import { setTimeout } from 'node:timers/promises';
import type { startLocal as Start } from '../../local/instance.ts';
import { load, type Variant } from '../baseline/hooks.ts';
import { CONFIGURATION } from '../installation.ts';
import { quietConsole } from './doors.ts';

/**
 * Runs what `npm start` runs, in one of the variants. Sends its URL and its secret, then answers every message with its
 * processor time (µs). Answers `memory` with the memory (bytes) that is in use after all work is done.
 */
const variant: Variant = process.argv[2] === 'sdk' ? 'sdk' : 'ours';
quietConsole();
const { startLocal } = (await load('local/instance.ts', variant)) as { startLocal: typeof Start }; // that module
const { url, sources } = await startLocal({ configuration: CONFIGURATION, port: 0 });

/** Longer than a message waits for the worker, and is kept afterwards (ms). */
const QUIET_MS = 4_000;

async function memory(): Promise<number> {
  await setTimeout(QUIET_MS);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

process.on('disconnect', () => process.exit());
process.on('message', async (question) => {
  const { user, system } = process.cpuUsage();
  process.send?.(question === 'memory' ? await memory() : user + system);
});
process.send?.({ url, secret: sources[0]?.secret });
