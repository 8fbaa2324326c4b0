import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { init } from '../../cli/init/init.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { temporaryFolder } from '../local/instance.ts';
import { run } from './run.ts';

/** Runs `bindery init` in a folder with some files. */
async function initIn(files: Readonly<Record<string, string>>, ...args: string[]) {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const result = await run(init, args, { folder });
  return { ...result, folder, read: (name: string) => readFileSync(join(folder, name), 'utf8') };
}

test('init writes a valid bindery.json with the name of the project, a CDK app and the development secrets', async () => {
  const { code, folder, read, out } = await initIn({ 'package.json': '{ "name": "@acme/shop.app" }' });
  expect(code).toBe(0);
  const content = readConfiguration(join(folder, 'bindery.json'));
  expect(content).toMatchObject({ configuration: { apps: [{ id: 'shop-app-android' }, { id: 'shop-app-ios' }] } });
  expect(read('bindery.cdk.mjs')).toContain("from 'bindery-push'");
  expect(JSON.parse(read('cdk.json'))).toMatchObject({ app: 'node bindery.cdk.mjs', context: expect.any(Object) });
  const { sources } = JSON.parse(read('.bindery/secrets.json'));
  expect(read('.env')).toContain(`BINDERY_SECRET_OF_SOURCE_APP=${sources.app}\n`);
  expect(read('.gitignore')).toBe('.env\n.bindery/\ncdk.out/\n');
  expect(out).toContain('npx cdk deploy -c stage=prod');
});

test('init keeps files that exist, and --force writes anew those that it made', async () => {
  const mine = { 'cdk.json': '{"app":"node mine.js"}', 'bindery.cdk.mjs': '// mine', '.gitignore': 'cdk.out\n.env' };
  const kept = await initIn(mine);
  expect(kept.out).toMatch(/bindery\.cdk\.mjs +kept\n +cdk\.json +kept/);
  expect(kept.out).toContain('npx cdk deploy --app "node bindery.cdk.mjs" -c stage=prod');
  expect(kept.read('bindery.cdk.mjs')).toBe('// mine');
  expect(kept.read('.gitignore')).toBe('cdk.out\n.env\n.bindery/\n');
  const forced = await initIn(mine, '--force');
  expect(forced.read('bindery.cdk.mjs')).toContain('BinderyStack');
  expect(forced.read('cdk.json')).toBe(mine['cdk.json']);
});

test('init without a CDK app writes neither of its files', async () => {
  const { folder, out } = await initIn({}, '--no-cdk');
  expect(existsSync(join(folder, 'cdk.json'))).toBe(false);
  expect(out).not.toContain('cdk');
});
