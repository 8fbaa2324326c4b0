import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Platform } from '../functions/core/account.ts';
import { AppId, Dialect, Policy, SourceId } from '../functions/core/configuration.ts';

const App = z.object({ id: AppId, dialect: Dialect, policy: Policy, platform: Platform, secretKey: z.string() });

/** What a running instance says of itself: where it answers, and the secrets that let in. */
export const Instance = z.object({
  url: z.string(),
  apps: z.array(App.extend({ mirrored: z.literal(true).optional() })),
  sources: z.array(z.object({ id: SourceId, secret: z.string() })),
  sqs: z.string(),
  dynamodb: z.string(),
  /** The hosted side that was started along: what the mirrored app is made equal to. */
  mirror: z.object({ url: z.string(), app: App }).optional(),
});
export type Instance = z.infer<typeof Instance>;

const Noted = Instance.extend({ pid: z.int() });

const FOLDER = '.bindery';
const FILE = join(FOLDER, 'local.json');

/** Leaves the instance's description in the working directory, where the command-line tools look for it. */
export function noteInstance(instance: Instance): void {
  mkdirSync(FOLDER, { recursive: true });
  // A file keeps the mode it was made with: what an earlier run left may not be written into.
  rmSync(FILE, { force: true });
  writeFileSync(FILE, `${JSON.stringify({ ...instance, pid: process.pid }, null, 2)}\n`, { mode: 0o600 });
}

/** The description of the instance that was started last from this directory, if that has not stopped cleanly. */
export const notedInstance = (): Instance | undefined => noted();

/** Takes the description away, unless another instance has left its own since. */
export function forgetInstance(): void {
  if (noted()?.pid === process.pid) rmSync(FILE, { force: true });
}

function noted(): z.infer<typeof Noted> | undefined {
  try {
    return Noted.parse(JSON.parse(readFileSync(FILE, 'utf8')));
  } catch {
    return undefined;
  }
}
