import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { Instance } from '../../local/instance.ts';

const root = join(import.meta.dirname, '../..');
export const CONFIG = join(root, 'bindery.json');

/** A folder of its own for one test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs one of our programs in a folder until it ends. */
export async function run(program: string, options: readonly string[], folder: string, env = {}): Promise<Ended> {
  const child = launch(program, options, folder, env);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: child.exitCode ?? (await once(child, 'exit'))[0], out, err };
}

/** An instance in a process of its own, started in a folder. It ends with the test if not before. */
export async function started(folder: string, ...options: string[]) {
  const child = launch('local/start.ts', ['--json', '--port', '0', '--config', CONFIG, ...options], folder, {});
  const err = text(child.stderr);
  const lines: string[] = [];
  const first = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => resolve(line) ?? lines.push(line));
    child.once('exit', () => err.then(reject));
  });
  return {
    instance: Instance.parse(JSON.parse(first)),
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

function launch(program: string, options: readonly string[], folder: string, env: object) {
  const child = spawn(process.execPath, [join(root, program), ...options], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}
