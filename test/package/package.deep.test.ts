import { cpSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { foreignProject } from './foreign-project.ts';

/** The most that a download may take (bytes), 6 % above the package of today. */
const BUDGET = 1_750_000;

let project: Awaited<ReturnType<typeof foreignProject>>;

beforeAll(async () => {
  project = await foreignProject();
}, 300_000);
afterAll(() => project.remove());

const inFolder = (...names: string[]): string => join(project.folder, ...names);

test('the tarball is smaller than its budget, and has no source, test or bench', () => {
  const [{ size, files }] = project.packed;
  expect(size).toBeLessThan(BUDGET);
  const paths: string[] = files.map(({ path }: { path: string }) => path);
  expect(paths.filter((path) => /^(?:test|bench|examples)\/|(?<!\.d)\.tsx?$/.test(path))).toEqual([]);
});

test('the package brings no Node, no scripts and no development package', () => {
  const manifest = JSON.parse(readFileSync(inFolder('node_modules/bindery-push/package.json'), 'utf8'));
  expect(Object.keys(manifest)).not.toEqual(
    expect.arrayContaining(['scripts', 'devDependencies', 'optionalDependencies', 'private']),
  );
  expect(manifest).toMatchObject({ version: packageJson.version, engines: packageJson.engines });
  expect(existsSync(inFolder('node_modules/esbuild'))).toBe(false);
});

test('init, start, a login and a query work from the tarball on the oldest supported Node', async () => {
  const { stdout } = await project.bindery('init');
  expect(stdout).toMatch(/bindery\.json +written\n.*bindery\.cdk\.mjs +written/s);
  const { instance, stop } = await project.start();
  try {
    const secret = instance.sources.find(({ id }: { id: string }) => id === 'app').secret;
    expect(readFileSync(inFolder('.env'), 'utf8')).toContain(`BINDERY_SECRET_OF_SOURCE_APP=${secret}`);
    await project.bindery('send', 'login', '--app', 'shop-ios', '--token', 'phone-1', '--account', 'alice');
    expect((await project.bindery('query', '--account', 'alice')).stdout).toContain('phone-1');
    expect(await (await fetch(`${instance.url}/console/page.js`)).text()).toContain('preact');
  } finally {
    await stop();
  }
});

test('CDK apps synthesize from the tarball: the one of init, and a foreign one with two of Bindery in one stack', async () => {
  await project.bindery('init');
  cpSync(join(import.meta.dirname, '../../examples/cdk-app'), inFolder('example'), { recursive: true });
  // One process, since the CDK takes long to load. Half of all CDK apps are CommonJS.
  const both = "require('bindery-push/cdk'); import('./bindery.cdk.mjs'); import('./example/app.mts');";
  renameSync(inFolder('example/app.ts'), inFolder('example/app.mts'));
  writeFileSync(inFolder('both.cjs'), both);
  const { context } = JSON.parse(readFileSync(inFolder('cdk.json'), 'utf8'));
  await project.run(['both.cjs'], {
    CDK_OUTDIR: 'cdk.out',
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, stage: 'prod' }),
  });
  const templateOf = (stack: string) => JSON.parse(readFileSync(inFolder(`cdk.out/${stack}.template.json`), 'utf8'));
  const outputs = ['Url', 'SecretOfSourceApp', 'SecretOfReaderPush'];
  expect(Object.keys(templateOf('Bindery-prod').Outputs)).toEqual(expect.arrayContaining(outputs));
  const [shop, types]: [object, string[]] = [templateOf('Shop').Resources, []];
  for (const { Type } of Object.values(shop)) types.push(Type);
  expect(types.filter((type) => type === 'AWS::ApiGatewayV2::Api')).toHaveLength(2);
}, 300_000);

test('the types of the package accept the example, and refuse a wrong configuration', async () => {
  const wrong = `import type { BinderyProps } from 'bindery-push';
export { Bindery } from 'bindery-push/client';
const apps = [{ id: 'a', dialect: 'fcm', platform: 'ios' }];
export const props: BinderyProps = { configuration: { apps, sources: [] } };`;
  writeFileSync(inFolder('wrong.mts'), wrong);
  const files = ['example/app.mts', 'wrong.mts'];
  const options = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--module', 'nodenext', '--skipLibCheck'];
  const compiled = project.run([inFolder('node_modules/typescript/bin/tsc'), ...options, ...files]);
  await expect(compiled).rejects.toMatchObject({ stdout: expect.stringMatching(/^wrong\.mts\(4,(?!.*\n\S)/s) });
});
