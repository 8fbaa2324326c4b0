import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { Platform } from '../functions/core/account.ts';
import { AppId, Dialect, Policy, SourceId } from '../functions/core/configuration.ts';
import { ReaderId } from '../functions/core/identity.ts';
import { PrivateJwk } from './identity.ts';

/** An identity provider whose private key is here, to sign bearers with. */
const Issuer = z.object({ id: z.string(), issuer: z.string(), audience: z.string(), privateJwk: PrivateJwk });

const App = z.object({ id: AppId, dialect: Dialect, policy: Policy, platform: Platform, secretKey: z.string() });

/** The description of a running instance: its addresses and its secrets. */
export const Instance = z.object({
  url: z.string(),
  apps: z.array(App.extend({ mirrored: z.literal(true).optional() })),
  sources: z.array(z.object({ id: SourceId, secret: z.string() })),
  /** A source of each kind, under the kind's name. Without a secret, the key of the identity signs. */
  providers: z.array(z.object({ kind: z.string(), secret: z.string() })).default([]),
  /** The queues of sources that send through one. */
  sourceQueues: z.array(z.object({ source: z.string(), url: z.string() })).default([]),
  identities: z.array(Issuer).default([]),
  readers: z.array(z.object({ id: ReaderId, secret: z.string() })).default([]),
  sqs: z.string(),
  dynamodb: z.string(),
  /** The hosted API that was started with it, and its app. The mirrored app is copied there. */
  mirror: z.object({ url: z.string(), app: App }).optional(),
});
export type Instance = z.infer<typeof Instance>;

const Note = Instance.extend({ pid: z.int(), startedMs: z.number() });

/** The folder in a working directory that holds the descriptions of its instances, and their development secrets. */
export const ownFolder = (folder: string): string => join(folder, '.bindery');

/** Two instances have different ports, so neither overwrites the description of the other. */
const NAME = /^instance-\d+\.json$/;
const fileOf = ({ url }: Instance, folder: string): string =>
  join(ownFolder(folder), `instance-${new URL(url).port}.json`);

/** Writes the description into a working directory, where the commands look for it. Deletes those of dead instances. */
export function writeInstance(instance: Instance, folder: string, startedMs = Date.now()): void {
  const file = fileOf(instance, folder);
  mkdirSync(ownFolder(folder), { recursive: true, mode: 0o700 });
  for (const { path, note } of notesIn(folder)) if (!isAlive(note.pid)) rmSync(path, { force: true });
  // An existing file would keep its mode, and it holds secrets now.
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify({ ...instance, pid: process.pid, startedMs }, null, 2)}\n`, { mode: 0o600 });
}

/** Returns the instances that run in the folder, the newest first. */
export const runningInstances = (folder: string): Instance[] =>
  notesIn(folder)
    .map(({ note }) => note)
    .filter(({ pid }) => isAlive(pid))
    .sort((a, b) => b.startedMs - a.startedMs);

/** Deletes the description, unless another process has written its own since. */
export function deleteInstance(instance: Instance, folder: string): void {
  const file = fileOf(instance, folder);
  if (noteIn(file)?.pid === process.pid) rmSync(file, { force: true });
}

type NoteFile = { readonly path: string; readonly note: z.infer<typeof Note> };

function notesIn(folder: string): NoteFile[] {
  try {
    const paths = readdirSync(ownFolder(folder)).filter((name) => NAME.test(name));
    return paths.flatMap((name) => {
      const path = join(ownFolder(folder), name);
      const note = noteIn(path);
      return note ? [{ path, note }] : [];
    });
  } catch {
    return [];
  }
}

function noteIn(file: string): z.infer<typeof Note> | undefined {
  try {
    return Note.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Tests that a process runs. One that was killed has left its description. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
