import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Configuration } from '../functions/core/bindery-json.ts';
import { CONTEXT_NAMES } from '../infra/context.ts';
import { synthesized } from './infra/synthesis.ts';
import { exampleConfiguration, root } from './local/instance.ts';

/** A chapter of a page. */
const chapter = (page: string, title: string): string =>
  readFileSync(join(root, page), 'utf8')
    .split(/^## /m)
    .find((one) => one.startsWith(`${title}\n`)) ?? '';
const deploy = chapter('README.md', 'Deploy, or install');
const page = (name: string) => readFileSync(join(root, 'docs/operations', name), 'utf8');
const options = page('deploy.md');
const blocksIn = (text: string) => [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
const blocks = [deploy, page('redrive.md')].flatMap(blocksIn);

const configuration = exampleConfiguration();
const mirror = { url: 'https://openapi.example', app: '1500', dialect: 'xg' };
const mirrored = Configuration.parse({
  ...configuration,
  apps: configuration.apps.map((app) => (app.id === 'xg-android' ? { ...app, mirror } : app)),
});
const stacks = [
  synthesized({ configuration }),
  synthesized({ configuration, front: 'function-url', encryption: 'kms' }),
  synthesized({ configuration: mirrored }),
] as const;

test('README and docs/operations/deploy.md name outputs of the stack, all of them and no other', () => {
  const named = blocks.flatMap((block) => [...block.matchAll(/# the output (\w+)/g)].map(([, name]) => name));
  const prose = options.replace(/```[\s\S]*?```/g, '');
  const listed = [...prose.matchAll(/`([A-Z][a-z]\w+)(…?)`/g)].map(([, name = '', rest]) => ({ name, rest }));
  const outputs = stacks.flatMap(({ template }) => Object.keys(template.findOutputs('*')));
  expect(named.filter((name) => !outputs.includes(`${name}`))).toEqual([]);
  const isListed = (output: string) =>
    listed.some(({ name, rest }) => (rest ? output.startsWith(name) : output === name));
  expect(outputs.filter((output) => !isListed(output))).toEqual([]);
});

test('README names options that the stack has, and docs/operations/deploy.md names all of them', () => {
  const namedIn = (text: string) => [...text.matchAll(/-c (\w+)=/g)].map(([, name = '']) => name);
  expect(namedIn(deploy)).toContain('stage');
  expect(CONTEXT_NAMES).toEqual(expect.arrayContaining(namedIn(deploy)));
  expect(new Set(namedIn(options))).toEqual(new Set(CONTEXT_NAMES));
});
