import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUNDLE } from '../../infra/bundling.ts';
import type { Deployment } from './deployment.ts';
import { sourcesOf } from './embedded-stack.ts';
import { mirroredDeployment } from './mirrored-deployment.ts';
import { type Actions, allowedTo } from './policy.ts';
import { actionOf, type Service } from './recorder.ts';
import { SCENARIOS } from './scenarios.ts';
import { MIRRORED, synthesized } from './synthesis.ts';

const stack = synthesized({ configuration: MIRRORED });

let deployment: Deployment;
beforeAll(async () => {
  deployment = await mirroredDeployment(stack);
});
afterAll(() => deployment.stop());

/** What Lambda does in the function's name, though its code does not: it feeds it from its queue and writes its log. */
const byLambda = (door: string): Actions => {
  const polling = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];
  return {
    [`${door}-log`]: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ...Object.fromEntries(sourcesOf(stack, door).map((source) => [source, polling])),
  };
};

const together = (...lists: Actions[]): Actions => {
  const paths = new Set(lists.flatMap((list) => Object.keys(list)));
  return Object.fromEntries(
    [...paths].map((path) => [path, [...new Set(lists.flatMap((list) => list[path] ?? []))].sort()]),
  );
};

describe.each(Object.entries(SCENARIOS))('%s, as a bundle in a process of its own,', (door, scenario) => {
  beforeAll(async () => {
    for (const step of scenario(deployment)) await step();
  });

  test('calls all that its policy allows, and nothing else', () => {
    expect(together(deployment.called(door), byLambda(door))).toEqual(allowedTo(door, stack));
  });

  test('has no command of AWS in its code that it was not seen to call', async () => {
    const called = new Set(Object.values(deployment.called(door)).flat());
    const unseen = (await commandsOf(door)).filter((action) => !called.has(action));
    expect(unseen).toEqual(NEVER_CALLED[door] ?? []);
  });
});

test('every function of the stack has its scenario', () => {
  const functions = Object.keys(stack.template.findResources('AWS::Lambda::Function')).map((id) => stack.paths.get(id));
  expect(functions.toSorted()).toEqual(Object.keys(SCENARIOS).toSorted());
});

/** What the registry's store can do and not everybody asks of it: to look up an account, and to bind or remove anything. */
const NEVER_CALLED: Readonly<Record<string, string[]>> = {
  events: ['dynamodb:Query'],
  apply: ['dynamodb:Query'],
  mirror: ['dynamodb:UpdateItem'],
  verify: ['dynamodb:Query', 'dynamodb:UpdateItem'],
  sweep: ['dynamodb:UpdateItem'],
};

/** The actions behind all commands that a bundle's own files can send, sorted. */
async function commandsOf(door: string): Promise<string[]> {
  const { metafile } = await build({ ...BUNDLE, entryPoints: [`functions/${door}.ts`], write: false, metafile: true });
  const files = Object.keys(metafile.inputs).filter((file) => file.startsWith('functions/'));
  const actions = files.flatMap((file) => {
    const source = readFileSync(file, 'utf8');
    const commands = [...source.matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => name);
    const services = SERVICES.filter(([client]) => source.includes(`'@aws-sdk/${client}'`));
    if (commands.length > 0 && services.length !== 1) throw new Error(`${file} sends commands of which service?`);
    return services.flatMap(([, service]) => commands.map((name) => actionOf(service, name)));
  });
  return [...new Set(actions)].sort();
}

const SERVICES: readonly [client: string, service: Service][] = [
  ['client-sqs', 'AmazonSQS'],
  ['client-dynamodb', 'DynamoDB_20120810'],
  ['client-secrets-manager', 'secretsmanager'],
];
