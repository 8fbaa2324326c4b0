import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { readConfiguration } from '../../infra/configuration.ts';
import { writeInstance } from '../../local/description.ts';
import { type Local, startLocal } from '../../local/instance.ts';

export const root = join(import.meta.dirname, '../..');
export const CONFIG = join(root, 'bindery.json');

/** The configuration of the repository. */
export function exampleConfiguration() {
  const read = readConfiguration(CONFIG);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  return read.configuration;
}

/** Makes a folder for one test, or until `onEnd` removes it. */
export function temporaryFolder(onEnd: (remove: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-'));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns the permissions of a file in octal digits. */
export const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

type Shared = { readonly folder: string; readonly instance: Local };

/** Starts one instance in this process for all tests of a file, and leaves its description in a folder. */
export function sharedInstance(
  start = () => startLocal({ configuration: exampleConfiguration(), port: 0 }),
): () => Shared {
  const removals: (() => void)[] = [];
  let shared: Shared | undefined;
  beforeAll(async () => {
    shared = { folder: temporaryFolder((remove) => removals.push(remove)), instance: await start() };
    const { stop: _, ...instance } = shared.instance;
    writeInstance(instance, shared.folder);
  });
  afterAll(async () => {
    await shared?.instance.stop();
    for (const remove of removals) remove();
  });
  return () => {
    if (shared === undefined) throw new Error('bug: the shared instance is used before the tests run');
    return shared;
  };
}
