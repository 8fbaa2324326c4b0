import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { App } from '../../functions/core/configuration.ts';
import { Instance } from '../description.ts';
import type { LocalOptions } from '../instance.ts';
import { UserError } from '../user-error.ts';

/** The variable with the process id of the starter. A process of ours ends with its starter, even if that is killed. */
export const PARENT = 'BINDERY_PARENT';

/** Time for the process to end by itself before it is killed (ms). */
const GRACE_MS = 1_200;

/** The Bindery behind the hosted API. It has its own process, because a process can run one instance. */
type Upstream = { readonly url: string; readonly secretKey: string; readonly stop: () => Promise<void> };

/** Starts it with one app and no mirror. It keeps its data and its secret in folders below those of the instance. */
export async function startUpstream(
  app: Omit<App, 'mirror'>,
  { data, secretsIn, isFresh }: Pick<LocalOptions, 'data' | 'secretsIn' | 'isFresh'>,
): Promise<Upstream> {
  const kept = data ?? secretsIn;
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), 'bindery-hosted-')) : folderIn(kept);
  // Two instances of one directory may mirror apps of different policies.
  const file = join(folder, `bindery-${process.pid}.json`);
  const source = { id: 'app', kind: 'standard-webhooks', apps: [app.id] };
  writeFileSync(file, JSON.stringify({ apps: [app], sources: [source] }));
  const child = launch(folder, [
    ...['--config', file],
    ...(data === undefined ? [] : ['--data', folder]),
    ...(isFresh ? ['--fresh'] : []),
  ]);
  const stop = async () => {
    await ended(child);
    rmSync(kept === undefined ? folder : file, { recursive: true, force: true });
  };
  try {
    const { url, apps } = await described(child);
    return { url, secretKey: apps[0]?.secretKey ?? '', stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function folderIn(data: string): string {
  const folder = resolve(data, 'hosted');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** In the package all files are compiled. */
const MAIN = fileURLToPath(new URL(`../../cli/main${extname(import.meta.url)}`, import.meta.url));

const launch = (cwd: string, options: readonly string[]): Child =>
  spawn(process.execPath, [MAIN, 'start', '--json', '--port', '0', ...options], {
    cwd,
    env: { ...process.env, [PARENT]: `${process.pid}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Reads its description once it is ready. Its log is dropped: the log of a real hosted API cannot be read either. */
async function described(child: Child): Promise<Instance> {
  let last = '';
  child.stderr.on('data', (chunk) => {
    last = `${last}${chunk}`.slice(-2_000);
  });
  const lines: string[] = [];
  const output = createInterface(child.stdout).on('line', (line) => lines.push(line));
  await Promise.race([once(output, 'line'), once(child, 'close')]);
  if (lines[0] === undefined) throw new UserError('the hosted API did not start:', ...last.trimEnd().split('\n'));
  child.stderr.removeAllListeners('data').resume();
  return Instance.parse(JSON.parse(lines[0]));
}

async function ended(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exit, setTimeout(GRACE_MS, undefined, { ref: false })]);
  child.kill('SIGKILL');
}
