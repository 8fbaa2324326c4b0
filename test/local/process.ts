import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { Instance } from '../../local/description.ts';
import { CONFIG, root } from './instance.ts';

/** Starts a command in a process of its own, without the AWS settings of the user. It ends with the test. */
export function launch(args: readonly string[], cwd: string, environment: Readonly<Record<string, string>> = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(AWS|BINDERY)_/.test(name));
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), ...args], {
    cwd,
    env: { ...Object.fromEntries(own), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Runs a command in a process of its own to its end. */
export async function runProcess(args: readonly string[], folder: string, environment = {}) {
  const child = launch(args, folder, environment);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: child.exitCode ?? (await once(child, 'exit'))[0], out, err };
}

/** Starts an instance in a process of its own. */
export async function started(folder: string, ...options: string[]) {
  const child = launch(['start', '--json', '--port', '0', '--config', CONFIG, ...options], folder);
  const err = text(child.stderr);
  const lines: string[] = [];
  const output = createInterface(child.stdout).on('line', (line) => lines.push(line));
  await Promise.race([once(output, 'line'), once(child, 'exit')]);
  if (lines[0] === undefined) throw new Error(`the instance did not start: ${await err}`);
  const instance = Instance.parse(JSON.parse(lines[0]));
  return { instance, lines, err, end: (signal: NodeJS.Signals) => end(child, signal) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit');
  child.kill(signal);
  return (await exit)[0];
}
