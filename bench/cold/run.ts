import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { median } from '../measure.ts';
import type { StubAws } from './aws.ts';
import { COLD_DOORS, type ColdDoorName } from './doors.ts';
import type { Bundle } from './variants.ts';

/** The times of one cold start (ms): the import, in processor and wall time, and import with first call, in processor time. */
const ColdStart = z.object({ importMs: z.number(), importWallMs: z.number(), firstMs: z.number() });
export type ColdStart = z.infer<typeof ColdStart>;

export type ColdMachine = { readonly folder: string; readonly child: string; readonly aws: StubAws };

/** Runs one cold start in a process of its own, whose environment has only the variables that Lambda would set. */
export async function coldStart(
  { folder, child, aws }: ColdMachine,
  door: ColdDoorName,
  bundle: Bundle,
): Promise<ColdStart> {
  const { variables, event } = COLD_DOORS[door];
  const noFile = join(folder, 'there-is-no-such-file');
  const env = {
    ...variables(aws.url),
    AWS_ENDPOINT_URL: aws.url,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
    AWS_CONFIG_FILE: noFile,
    AWS_SHARED_CREDENTIALS_FILE: noFile,
  };
  const args = [child, bundle.file, JSON.stringify(await event(new Date()))];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
  return ColdStart.parse(JSON.parse(stdout));
}

/** Returns the medians of several cold starts. */
export function medianOf(starts: readonly ColdStart[]): ColdStart {
  const middle = (figure: 'importMs' | 'importWallMs' | 'firstMs') => median(starts.map((start) => start[figure]));
  return {
    importMs: middle('importMs'),
    importWallMs: middle('importWallMs'),
    firstMs: middle('firstMs'),
  };
}
