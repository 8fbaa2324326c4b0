import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { reasonOf, UserError } from './user-error.ts';

export type DataFolder = {
  readonly path: string;
  readonly queues: string;
  readonly table: string;
  /** Lets another instance use the folder. */
  readonly release: () => void;
};

/** Makes the folder and takes it for this process alone, or says in one line why that is not possible. */
export function takeDataFolder(folder: string): DataFolder {
  const path = resolve(folder);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const lock = takeLock(join(path, 'lock'));
    return { path, queues: join(path, 'queues'), table: join(path, 'table'), release: () => lock.close() };
  } catch (error) {
    if (isBusy(error)) throw new UserError(`${path} is in use by another running instance`);
    throw new UserError(`data cannot be kept in ${path}: ${reasonOf(error)}`);
  }
}

/** How long to wait for an instance that is just ending (ms). */
const GIVE_UP_MS = 1_500;

/** SQLite's lock is the operating system's: it goes with the process, however that ends. Two writers would ruin the data. */
function takeLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(file, { timeout: GIVE_UP_MS });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** `SQLITE_BUSY`. */
const isBusy = (error: unknown): boolean => error instanceof Error && 'errcode' in error && error.errcode === 5;
