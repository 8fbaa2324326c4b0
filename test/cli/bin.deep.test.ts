import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { root } from '../local/instance.ts';

test('`npx bindery` runs in a clone', async () => {
  const { stdout } = await promisify(execFile)('npx', ['--offline', 'bindery', '--version'], { cwd: root });
  expect(stdout).toBe(`${packageJson.version}\n`);
});
