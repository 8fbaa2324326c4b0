import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { Instance } from '../../local/description.ts';

const root = join(import.meta.dirname, '../..');
export const CONFIG = join(root, 'bindery.json');

type OnEnd = (clean: () => void) => void;

/** A folder of its own for one test. */
export function temporaryFolder(onEnd: OnEnd = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-'));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs one of our programs in a folder until it ends. */
export async function run(program: string, options: readonly string[], folder: string, env = {}): Promise<Ended> {
  const child = launch(program, options, folder, env);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: child.exitCode ?? (await once(child, 'exit'))[0], out, err };
}

/** An instance in a process of its own, started in a folder. It ends with the test if not before. */
export const started = (folder: string, ...options: string[]) => start(folder, options, onTestFinished);

/** One instance for all tests of a file, in a folder of its own. To be called while the file is collected. */
export function sharedInstance(): () => { folder: string; instance: Instance } {
  const cleaning: (() => void)[] = [];
  let shared: { folder: string; instance: Instance } | undefined;
  beforeAll(async () => {
    const folder = temporaryFolder((clean) => cleaning.push(clean));
    shared = { folder, ...(await start(folder, [], (clean) => cleaning.push(clean))) };
  });
  afterAll(() => {
    for (const clean of cleaning.reverse()) clean();
  });
  return () => {
    if (shared === undefined) throw new Error('the instance is there once the tests run');
    return shared;
  };
}

async function start(folder: string, options: readonly string[], onEnd: OnEnd) {
  const child = launch('cli/start.ts', ['--json', '--port', '0', '--config', CONFIG, ...options], folder, {});
  onEnd(() => void child.kill('SIGKILL'));
  const err = text(child.stderr);
  const lines: string[] = [];
  const output = createInterface(child.stdout).on('line', (line) => lines.push(line));
  await Promise.race([once(output, 'line'), once(child, 'exit')]);
  if (lines[0] === undefined) throw new Error(`it did not start: ${await err}`);
  return {
    instance: Instance.parse(JSON.parse(lines[0])),
    lines,
    err,
    end: (signal: NodeJS.Signals) => end(child, signal),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<Pick<Ended, 'code'>> {
  const exit = once(child, 'exit');
  child.kill(signal);
  return { code: (await exit)[0] };
}

const launch = (program: string, options: readonly string[], cwd: string, env: object) =>
  spawn(process.execPath, [join(root, program), ...options], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
