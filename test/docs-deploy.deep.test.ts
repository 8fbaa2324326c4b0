import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Deployment, deployed } from './infra/deployment.ts';
import { synthesized } from './infra/synthesis.ts';
import { exampleConfiguration, root } from './local/instance.ts';

const blocks = ['README.md', 'docs/operations/redrive.md'].flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block),
);

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deployed(synthesized({ configuration: exampleConfiguration() }));
});
afterAll(() => deployment.stop());

/** Runs the block that has a text. The outputs of the deployed stack replace the values that a reader fills in. */
async function run(text: string, without = /^$/): Promise<string> {
  const lines = blocks.find((each) => each.includes(text))?.split('\n') ?? [];
  // The recorder has no stack to describe: the queues are in the variables that stand for `--stage`.
  const block = lines
    .filter((line) => !without.test(line))
    .join('\n')
    .replaceAll(' --stage prod', '');
  const filled = block.replace(/=… +# the output (\w+).*/g, (_, name) => `='${deployment.output(name)}'`);
  const AWS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'reader', AWS_SECRET_ACCESS_KEY: 'key' };
  const queues = {
    BINDERY_PARKED_QUEUE_URL: deployment.output('ParkedQueueUrl'),
    BINDERY_OPERATIONS_QUEUE_URL: deployment.output('OperationsQueueUrl'),
  };
  const env = { ...process.env, ...AWS, ...queues, AWS_ENDPOINT_URL: deployment.recorder.url };
  return (await promisify(execFile)('sh', ['-euc', filled], { env, cwd: root })).stdout;
}

test('the login of README is accepted by the deployed stack', async () => {
  const output = await run('npx bindery send login --url');
  expect(output).toContain('HTTP 200');
  expect(output).toContain('"outcome": "applied"');
});

test('the commands of docs/operations/redrive.md list a parked message and say what a redrive would do', async () => {
  const { sqs, queueUrl } = deployment;
  // Without a reason among its attributes a message is one that SQS has set aside.
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl('Operations/Parked'), MessageBody: 'unreadable' }));
  const output = await run('npx bindery dlq list', /dlq (show|purge)/);
  expect(output).toMatch(/dead-letter +1 /);
  expect(output).toContain('Nothing was changed: add --yes to do it.');
});
