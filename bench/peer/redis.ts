import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Starts the installed Redis on a socket of its own, with one fsync a second. Returns undefined if none is installed. */
export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-bench-'));
  const socket = join(folder, 'redis.sock');
  const options = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    await once(server, 'spawn');
  } catch {
    remove();
    return undefined;
  }
  const kill = () => server.kill();
  process.once('exit', kill);
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (line) => /ready to accept connections/i.test(`${line}`) && resolve());
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
  });
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await once(server, 'exit');
    remove();
  };
  return { socket, stop };
}
