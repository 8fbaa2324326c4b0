import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { root, temporaryFolder } from './local/instance.ts';

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

test('npm run deploy runs the Node of the user, and not the one that the project brings', () => {
  const theirs = temporaryFolder();
  writeFileSync(join(theirs, 'node'), '#!/bin/sh\necho "theirs: $@"\n', { mode: 0o755 });
  const PATH = [join(root, 'node_modules/.bin'), theirs, process.env['PATH']].join(delimiter);
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, PATH } } as const;
  const { stdout } = spawnSync(process.execPath, ['package/deploy.cjs', '-c', 'stage=prod'], options);
  expect(stdout).toMatch(/^theirs: .*aws-cdk\/bin\/cdk deploy -c stage=prod\n$/);
});
