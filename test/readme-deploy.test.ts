import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Configuration } from '../functions/core/configuration.ts';
import { readConfiguration } from '../infra/configuration.ts';
import { OPTION_NAMES } from '../infra/options.ts';
import { type Deployment, deployed } from './infra/deployment.ts';
import { synthesized } from './infra/synthesis.ts';

const root = join(import.meta.dirname, '..');
const section = readFileSync(join(root, 'README.md'), 'utf8')
  .split(/^## /m)
  .find((chapter) => chapter.startsWith('Deploy\n'));
const blocks = [...`${section}`.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
const prose = `${section}`.replace(/```[\s\S]*?```/g, '');

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

/** Runs the block that has a text, with the deployed stack's outputs where it leaves the reader to fill them in. */
async function run(text: string): Promise<string> {
  const block = blocks.find((each) => each.includes(text)) ?? '';
  const filled = block.replace(/=… +# the output (\w+).*/g, (_, name) => `='${deployment.output(name)}'`);
  const AWS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'reader', AWS_SECRET_ACCESS_KEY: 'key' };
  const env = { ...process.env, ...AWS, AWS_ENDPOINT_URL: deployment.recorder.url };
  return (await promisify(execFile)('sh', ['-euc', filled], { env, cwd: root })).stdout;
}

describe('README, "Deploy",', () => {
  test('names the outputs of the stack, all of them and no other', () => {
    const named = [...prose.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, name]) => name);
    const outputs = stacks.flatMap(({ template }) => Object.keys(template.findOutputs('*')));
    expect(named.filter((name) => !outputs.includes(`${name}`))).toEqual([]);
    expect(outputs.filter((output) => !output.startsWith('SecretOf') && !named.includes(output))).toEqual([]);
  });

  test('names options that the stack has', () => {
    const named = [...`${section}`.matchAll(/-c (\w+)=/g)].map(([, name = '']) => name);
    expect(named.filter((name) => ![...OPTION_NAMES, 'config'].includes(name))).toEqual([]);
    expect(named).toContain('stage');
  });

  test('sends a login that the deployed stack accepts', async () => {
    const output = await run('npm run send');
    expect(output).toContain('HTTP 200');
    expect(output).toContain('"outcome": "applied"');
  });

  test('lists what is parked, and says what a redrive would do', async () => {
    const { sqs, queueUrl } = deployment;
    // Without a reason among its attributes a message is one that SQS has set aside.
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('Operations/Parked'), MessageBody: 'unreadable' }));
    const output = await run('npm run dlq');
    expect(output).toMatch(/dead-letter +1 /);
    expect(output).toContain('Nothing was changed: add --yes to do it.');
  });
});
