import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { root } from './local/instance.ts';

const TYPESCRIPT = /\bnode .*\.ts\b/;
const scripts = Object.entries(packageJson.scripts).filter(([, script]) => TYPESCRIPT.test(script));

test('a Node that cannot load TypeScript is refused in one line, with the version that package.json asks for', () => {
  const [, script = ''] = scripts.find(([name]) => name === 'start') ?? [];
  const args = script.split(' ').slice(2);
  // This Node as an older one is: it loads no TypeScript.
  const { status, stderr } = spawnSync(process.execPath, ['--no-strip-types', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  const wanted = packageJson.engines.node.replace('>=', '');
  expect(stderr).toBe(
    `Bindery needs Node ${wanted} or newer, and this is Node ${process.versions.node}: see https://nodejs.org\n`,
  );
  expect(status).toBe(1);
});

test('each script that runs TypeScript checks the version of Node first', () => {
  expect(scripts.length).toBeGreaterThan(4);
  for (const [name, script] of scripts)
    expect([name, script]).toEqual([name, expect.stringContaining('-r ./cli/node-version.cjs')]);
});
