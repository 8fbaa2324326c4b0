import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { queuesOf } from '../../cli/dlq/queues.ts';
import { placeOf } from '../../cli/place.ts';
import { UserError } from '../../local/user-error.ts';
import { type Answers, failing, startAws } from './doctor/aws-answers.ts';

const OUTPUTS = {
  TableName: 'registry-of-prod',
  HistoryTableName: 'history-of-prod',
  OperationsQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/operations',
  ParkedQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/parked',
};

const described = (outputs: Readonly<Record<string, string>>) => {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const stack = `<StackName>Bindery-prod</StackName><Outputs>${members.join('')}</Outputs>`;
  return {
    body: `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
  };
};

let answers: Answers = {};
let aws: Awaited<ReturnType<typeof startAws>>;
const terminal = { folder: 'no-such-folder', warn: () => {} };
const chosen = { stage: 'prod', region: 'eu-west-1', profile: undefined, port: undefined };

beforeAll(async () => {
  aws = await startAws(() => answers, Date.now);
  for (const name of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_DYNAMODB']) vi.stubEnv(name, aws.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'id');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

test('a stage is found by the outputs of its stack', async () => {
  answers = {
    DescribeStacks: () => described(OUTPUTS),
    GetItem: (input) => ({ body: { Item: { table: { S: JSON.stringify(input) } } } }),
  };
  const place = await placeOf(chosen, terminal);
  expect(place).toMatchObject({ name: 'Bindery-prod', operationsUrl: OUTPUTS.OperationsQueueUrl });
  expect([place.registry.name, place.history?.name]).toEqual(['registry-of-prod', 'history-of-prod']);
  const read = await place.registry.client.call('GetItem', { TableName: place.registry.name, Key: {} });
  expect(read.Item?.['table']?.S).toContain('registry-of-prod');
});

test('a stack without the history table has no history', async () => {
  const { HistoryTableName: _, ...rest } = OUTPUTS;
  answers = { DescribeStacks: () => described(rest) };
  expect((await placeOf(chosen, terminal)).history).toBeUndefined();
});

test('a stack that does not exist, or is older, is the error of the user', async () => {
  answers = { DescribeStacks: failing('ValidationError', 'Stack with id Bindery-prod does not exist') };
  await expect(placeOf(chosen, terminal)).rejects.toThrow(/Bindery-prod cannot be read: .*does not exist/);
  answers = { DescribeStacks: () => described({ TableName: 'registry-of-prod' }) };
  await expect(placeOf(chosen, terminal)).rejects.toThrow('has no output OperationsQueueUrl');
});

test('options of a deployment and of the local instance are not mixed', () => {
  const local = { ...chosen, stage: undefined };
  expect(() => placeOf(local, terminal)).toThrow(new UserError('--region needs --stage'));
  expect(() => placeOf({ ...chosen, stage: undefined, region: undefined }, terminal)).toThrow(/no instance runs/);
});

test('`dlq` finds the queues of a stage, and of a source, in the outputs of its stack', async () => {
  const own = { DeadLettersUrlOfSourceOktaMain: 'dead', QueueUrlOfSourceOktaMain: 'queue' };
  answers = { DescribeStacks: () => described({ ...OUTPUTS, ...own }) };
  const none = { 'parked-queue': undefined, 'operations-queue': undefined, source: undefined };
  const found = (values: object) =>
    queuesOf({ ...chosen, ...none, ...values }, { ...terminal, environment: { BINDERY_PARKED_QUEUE_URL: 'x' } }, 0);
  const queues = await found({});
  expect([queues.parked.url, queues.operationsUrl]).toEqual([OUTPUTS.ParkedQueueUrl, OUTPUTS.OperationsQueueUrl]);
  const ofSource = await found({ source: 'okta-main' });
  expect([ofSource.parked.url, ofSource.operationsUrl]).toEqual(['dead', 'queue']);
  await expect(found({ source: 'other' })).rejects.toThrow('Bindery-prod has no source "other" with a queue');
  await expect(found({ 'parked-queue': OUTPUTS.ParkedQueueUrl })).rejects.toThrow('give either --stage');
});
