import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Configuration } from '../functions/core/configuration.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { OPTION_NAMES } from '../infra/options.ts';
import { type Deployment, deployed } from './infra/deployment.ts';
import { synthesized } from './infra/synthesis.ts';

const root = join(import.meta.dirname, '..');
/** A chapter of a page. */
const chapter = (page: string, title: string): string =>
  readFileSync(join(root, page), 'utf8')
    .split(/^## /m)
    .find((one) => one.startsWith(`${title}\n`)) ?? '';
const deploy = chapter('README.md', 'Deploy');
const redrive = chapter('docs/operations.md', 'Redrive');
const options = chapter('docs/operations.md', 'Deploy');
const blocksIn = (text: string) => [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
const blocks = [deploy, redrive].flatMap(blocksIn);

const read = readConfiguration(join(root, 'bindery.json'));
if ('problems' in read) throw new Error(read.problems.join('\n'));
const { configuration } = read;
const mirror = { url: 'https://openapi.example', app: '1500', dialect: 'xg' };
const mirrored = Configuration.parse({
  ...configuration,
  apps: configuration.apps.map((app) => (app.id === 'xg-android' ? { ...app, mirror } : app)),
});
const stacks = [
  synthesized({ configuration }),
  synthesized({ configuration, front: 'function-url' }),
  synthesized({ configuration: mirrored }),
] as const;

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deployed(stacks[0]);
});
afterAll(() => deployment.stop());

/** Runs the block that has a text. The outputs of the deployed stack replace the values that a reader fills in. */
async function run(text: string, without = /^$/): Promise<string> {
  const lines = blocks.find((each) => each.includes(text))?.split('\n') ?? [];
  const block = lines.filter((line) => !without.test(line)).join('\n');
  const filled = block.replace(/=… +# the output (\w+).*/g, (_, name) => `='${deployment.output(name)}'`);
  const AWS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'reader', AWS_SECRET_ACCESS_KEY: 'key' };
  const env = { ...process.env, ...AWS, AWS_ENDPOINT_URL: deployment.recorder.url };
  return (await promisify(execFile)('sh', ['-euc', filled], { env, cwd: root })).stdout;
}

test('README and docs/operations.md name outputs of the stack, all of them and no other', () => {
  const named = blocks.flatMap((block) => [...block.matchAll(/# the output (\w+)/g)].map(([, name]) => name));
  const prose = options.replace(/```[\s\S]*?```/g, '');
  const listed = [...prose.matchAll(/`([A-Z][a-z]\w+)(…?)`/g)].map(([, name = '', rest]) => ({ name, rest }));
  const outputs = stacks.flatMap(({ template }) => Object.keys(template.findOutputs('*')));
  expect(named.filter((name) => !outputs.includes(`${name}`))).toEqual([]);
  const isListed = (output: string) =>
    listed.some(({ name, rest }) => (rest ? output.startsWith(name) : output === name));
  expect(outputs.filter((output) => !isListed(output))).toEqual([]);
});

test('README names options that the stack has', () => {
  const named = [...deploy.matchAll(/-c (\w+)=/g)].map(([, name = '']) => name);
  expect(named.filter((name) => ![...OPTION_NAMES, 'config'].includes(name))).toEqual([]);
  expect(named).toContain('stage');
});

test('the login of README is accepted by the deployed stack', async () => {
  const output = await run('npm run send');
  expect(output).toContain('HTTP 200');
  expect(output).toContain('"outcome": "applied"');
});

test('the commands of docs/operations.md list a parked message and say what a redrive would do', async () => {
  const { sqs, queueUrl } = deployment;
  // Without a reason among its attributes a message is one that SQS has set aside.
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('Operations/Parked'), MessageBody: 'unreadable' }));
  const output = await run('npm run dlq', /dlq -- (show|purge)/);
  expect(output).toMatch(/dead-letter +1 /);
  expect(output).toContain('Nothing was changed: add --yes to do it.');
});
