import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A store's server of a peer. */
export type Server = {
  /** The peer's argument: the folder or the path of the server's socket. */
  readonly where: string;
  /** Processor time of the server and its processes since it started (µs); not a number where there is no `/proc`. */
  readonly cpuUs: () => number;
  readonly stop: () => Promise<void>;
};

/** PostgreSQL refuses to run as root. */
const UNPRIVILEGED = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Places of programs that Debian does not put into the path. */
const PLACES = ['/usr/lib/postgresql/*/bin', ...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin'];

const installed = (program: string): string | undefined =>
  PLACES.flatMap((place) => globSync(`${place}/${program}`).sort().reverse())[0];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-bench-'));
  if (UNPRIVILEGED.uid !== undefined) chownSync(folder, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
  return folder;
}

/** Starts PostgreSQL with its own defaults: a commit waits until it is on the disk. Returns undefined if none is installed. */
export async function startPostgres(): Promise<Server | undefined> {
  const initdb = installed('initdb');
  if (initdb === undefined) return undefined;
  const folder = newFolder();
  const data = join(folder, 'data');
  const options = { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...UNPRIVILEGED } satisfies SpawnOptions;
  execFileSync(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'], options);
  const settings = ['listen_addresses=', 'shared_buffers=256MB'].flatMap((setting) => ['-c', setting]);
  const server = spawn(join(dirname(initdb), 'postgres'), ['-D', data, '-k', folder, ...settings], options);
  return running(server, folder, folder, 'SIGINT');
}

/** Starts Redis with an append-only file, which it flushes to the disk once a second. Returns undefined if none is installed. */
export async function startRedis(): Promise<Server | undefined> {
  const program = installed('redis-server');
  if (program === undefined) return undefined;
  const folder = newFolder();
  const socket = join(folder, 'redis.sock');
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], ...UNPRIVILEGED } satisfies SpawnOptions;
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  const server = spawn(program, ['--port', '0', '--unixsocket', socket, '--dir', folder, ...durable], options);
  return running(server, folder, socket, 'SIGTERM');
}

/** Waits until a server says that it is ready. */
async function running(server: ChildProcess, folder: string, where: string, signal: NodeJS.Signals): Promise<Server> {
  const kill = () => server.kill(signal);
  process.once('exit', kill);
  await new Promise<void>((resolve, reject) => {
    const log = (line: unknown) => /ready to accept connections/i.test(`${line}`) && resolve();
    server.stdout?.on('data', log);
    server.stderr?.on('data', log);
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`${server.spawnfile} ended with ${code}`)));
  });
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  };
  return { where, cpuUs: () => cpuUsOf(`${server.pid}`), stop };
}

/** Linux counts processor time in hundredths of a second. */
const TICK_US = 10_000;

/** The processor time of a process, of its children, and of those that have ended (µs). */
function cpuUsOf(pid: string): number {
  const stats = globSync('/proc/[0-9]*/stat').flatMap((file) => statOf(file) ?? []);
  const own = stats.find((stat) => stat.pid === pid);
  if (own === undefined) return Number.NaN;
  const children = stats.filter(({ parent }) => parent === pid).map(({ ticks }) => ticks);
  return [own.ticks, own.endedTicks, ...children].reduce((sum, ticks) => sum + ticks, 0) * TICK_US;
}

function statOf(file: string) {
  try {
    const text = readFileSync(file, 'utf8');
    // The name in brackets may have spaces. Behind it: state, parent, …, times in user and system mode, those of ended
    // children.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
    return {
      pid: text.slice(0, text.indexOf(' ')),
      parent: fields[1],
      ticks: user + system,
      endedTicks: endedUser + endedSystem,
    };
  } catch {
    return undefined; // the process has ended
  }
}
