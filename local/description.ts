import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { Platform } from '../functions/core/account.ts';
import { AppId, Dialect, Policy, SourceId } from '../functions/core/configuration.ts';

const App = z.object({ id: AppId, dialect: Dialect, policy: Policy, platform: Platform, secretKey: z.string() });

/** The description of a running instance: its addresses and its secrets. */
export const Instance = z.object({
  url: z.string(),
  apps: z.array(App.extend({ mirrored: z.literal(true).optional() })),
  sources: z.array(z.object({ id: SourceId, secret: z.string() })),
  sqs: z.string(),
  dynamodb: z.string(),
  /** The hosted API that was started with it, and its app. The mirrored app is copied there. */
  mirror: z.object({ url: z.string(), app: App }).optional(),
});
export type Instance = z.infer<typeof Instance>;

const Description = Instance.extend({ pid: z.int() });

const fileIn = (folder: string): string => join(folder, '.bindery', 'local.json');

/** Writes the description into a working directory, where the commands look for it. */
export function writeInstance(instance: Instance, folder: string): void {
  const file = fileIn(folder);
  mkdirSync(dirname(file), { recursive: true });
  // An existing file would keep its mode, and it holds secrets now.
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify({ ...instance, pid: process.pid }, null, 2)}\n`, { mode: 0o600 });
}

/** Returns the instance that was started last in the folder; undefined if it has stopped cleanly. */
export const readInstance = (folder: string): Instance | undefined => descriptionIn(folder);

/** Deletes the description, unless another instance has written its own since. */
export function deleteInstance(folder: string): void {
  if (descriptionIn(folder)?.pid === process.pid) rmSync(fileIn(folder), { force: true });
}

function descriptionIn(folder: string): z.infer<typeof Description> | undefined {
  try {
    return Description.parse(JSON.parse(readFileSync(fileIn(folder), 'utf8')));
  } catch {
    return undefined;
  }
}
