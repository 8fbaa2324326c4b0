import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import cdk from '../../cdk.json' with { type: 'json' };
import { Bindery } from '../../infra/bindery.ts';
import { contentOf } from '../../infra/configuration.ts';
import { readContext } from '../../infra/context.ts';
import { stageIn } from '../../infra/stages.ts';
import { temporaryFolder } from '../local/instance.ts';
import { allowedTo } from './policy.ts';
import { app, COMPLETE, CONFIGURATION, stackOf, synthesized } from './synthesis.ts';

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:Shop-AbCdEf';
const KEY = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** Returns the faults of `stages` in an otherwise good configuration. */
function faultsOf(stages: unknown): string[] {
  const content = contentOf({ ...CONFIGURATION, stages });
  return 'problems' in content ? content.problems : [];
}

test.each([
  [
    'an option',
    { prod: { doorConcurency: 5 } },
    'stages.prod: there is no "doorConcurency": did you mean "doorConcurrency"?',
  ],
  [
    'a route',
    { prod: { throttle: { event: 5 } } },
    'stages.prod.throttle: there is no "event": did you mean "events"?',
  ],
])('a misspelt name of %s is refused with the nearest one', (_, stages, fault) => {
  expect(faultsOf(stages)).toEqual([fault]);
});

test('every fault of every stage is listed, whichever stage is deployed', () => {
  const stages = {
    dev: { front: 'alb', encryption: 'yes', alarmEmail: 'ops', doorConcurrency: 0, logRetentionDays: 31 },
    prod: { restoredTable: 'a b', maxConcurrency: 1, keyArns: ['alias/bindery'], color: 'red' },
    Prod: {},
  };
  expect(faultsOf(stages).toSorted()).toEqual([
    'stages.Prod: a stage is 1 to 20 lower-case letters, digits or "-", and starts with a letter',
    'stages.dev.alarmEmail: must be an e-mail address',
    'stages.dev.doorConcurrency: must be 1 or more',
    'stages.dev.encryption: must be "aws" or "kms"',
    'stages.dev.front: must be "http-api" or "function-url"',
    expect.stringMatching(/^stages.dev.logRetentionDays: must be 1 or 3 or .* or 3653$/),
    'stages.prod.keyArns[0]: must be a whole ARN of kms',
    'stages.prod.maxConcurrency: must be 2 or more',
    'stages.prod.restoredTable: must be the name of a table',
    expect.stringMatching(/^stages.prod: there is no "color", only front, encryption, /),
  ]);
});

test('a stage that the file does not name is refused, because it would be a second, empty stack', () => {
  const content = contentOf({ ...CONFIGURATION, stages: { dev: {}, prod: {} } });
  if ('problems' in content) throw new Error(content.problems.join());
  expect(stageIn(content.stages, 'prdo')).toEqual({
    problem:
      'there is no stage "prdo", did you mean "prod"?: bindery.json has "dev", "prod" in "stages", and -c stage= chooses',
  });
  for (const name of ['constructor', '']) expect(stageIn(content.stages, name)).toHaveProperty('problem');
  expect(stageIn(content.stages, 'prod')).toHaveProperty('options');
});

test('a file without stages has the stage dev alone', () => {
  expect(contentOf(CONFIGURATION)).toMatchObject({ stages: { dev: { front: 'http-api', logRetentionDays: 30 } } });
});

test('an option of the command line that is not known is refused with the nearest name', () => {
  const given = { stge: 'prod', doorConcurency: '5', front: 'function-url', color: 'red' };
  expect(readContext(new App({ context: given }))).toEqual({
    problems: [
      '-c stge: is not known. Did you mean -c stage=?',
      '-c doorConcurency: is not known. Put "doorConcurrency" into a stage of "stages" in bindery.json',
      '-c front: is not known. Put "front" into a stage of "stages" in bindery.json',
      '-c color: is not known. Only -c stage= and -c config= are',
    ],
  });
});

test('the context of the CDK itself passes', () => {
  const caches = { 'availability-zones:account=1:region=eu-central-1': ['a'], 'acknowledged-issue-numbers': [1] };
  const context = { ...cdk.context, ...caches, 'aws:cdk:disable-asset-staging': true, stage: 'prod' };
  expect(readContext(new App({ context }))).toEqual({ stage: 'prod', config: 'bindery.json' });
});

test('a synthesis of a wrong file or stage ends in one line for each problem, and nothing else', async () => {
  const config = join(temporaryFolder(), 'bindery.json');
  writeFileSync(config, JSON.stringify({ ...CONFIGURATION, stages: { prod: {} } }));
  const CDK_CONTEXT_JSON = JSON.stringify({ ...cdk.context, config });
  const synthesis = promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', 'infra/app.ts'], {
    env: { ...process.env, CDK_CONTEXT_JSON },
  });
  const stderr = 'there is no stage "dev": bindery.json has "prod" in "stages", and -c stage= chooses\n';
  await expect(synthesis).rejects.toMatchObject({ code: 1, stderr });
});

test('another CDK app gets every fault of a configuration at the synthesis, not at a cold start', () => {
  const [shop] = CONFIGURATION.apps;
  const configuration = {
    apps: [{ ...shop, dialect: 'fcm' }],
    sources: CONFIGURATION.sources,
    stages: { dev: { fronts: 1 } },
  };
  // @ts-expect-error: the compiler refuses two of the faults.
  const make = (stage?: string) => new Bindery(new Stack(app(), 'Shop'), 'Push', { configuration, stage });
  expect(() => make()).toThrow(
    /^bindery.json has faults:\napps\[0\].dialect: .*\n.*"shop-ios".*\nstages.dev: there is no "fronts"/s,
  );
  expect(() => new Bindery(new Stack(app(), 'Shop'), 'Push', { configuration: CONFIGURATION, stage: 'prod' })).toThrow(
    /there is no stage "prod"/,
  );
});

test.each([
  ['prod without an address for alarms', { stage: 'prod' }, 'no mail is sent'],
  ['function URLs without a cap', { front: 'function-url' }, 'function URLs have no throttle'],
] as const)('%s makes the synthesis warn', (_, options, text) => {
  Annotations.fromStack(stackOf(options)).hasWarning('*', Match.stringLikeRegexp(text));
});

test('the other stages make the synthesis warn of nothing', () => {
  for (const options of [
    {},
    { stage: 'prod', alarmEmail: 'ops@shop.example' },
    { front: 'function-url', doorConcurrency: 9 },
  ] as const)
    Annotations.fromStack(stackOf(options)).hasNoWarning('*', Match.stringLikeRegexp('bindery.json'));
});

test('an existing secret is used instead of a new one, and functions may read it', () => {
  const stack = synthesized({ secretArns: { apps: { 'shop-ios': SECRET }, sources: { web: SECRET } } });
  const made = Object.keys(stack.template.findResources('AWS::SecretsManager::Secret')).map((id) =>
    stack.paths.get(id),
  );
  expect(made.toSorted()).toEqual(['Credentials/app shop-android', 'Credentials/pseudonyms']);
  expect(stack.template.findOutputs('SecretOfAppShopIos')).toMatchObject({ SecretOfAppShopIos: { Value: SECRET } });
  for (const door of ['account-api', 'events'] as const) {
    expect(JSON.stringify(stack.propertiesAt(door))).toContain('secret:Shop-AbCdEf');
    expect(JSON.stringify(allowedTo(door, stack)), door).toContain('secretsmanager:GetSecretValue');
    expect(JSON.stringify(stack.propertiesAt(`${door}-role`))).toContain(SECRET);
  }
});

test('an existing secret of an app that is not in the file is refused', () => {
  expect(faultsOf({ dev: { secretArns: { apps: { shop: SECRET }, sources: { web: 'Shop' } } } })).toEqual([
    'stages.dev.secretArns.sources.web: must be a whole ARN of secretsmanager',
  ]);
  expect(faultsOf({ dev: { secretArns: { apps: { shop: SECRET }, readers: { push: SECRET } } } })).toEqual([
    'stages.dev.secretArns.apps: "shop" is not in "apps"',
    'stages.dev.secretArns.readers: "push" is not in "readers"',
  ]);
});

test('an existing secret of a reader is used instead of a new one', () => {
  const secretArns = { readers: { push: SECRET } };
  const stack = synthesized({ configuration: COMPLETE, secretArns });
  expect(() => stack.propertiesAt('Credentials/reader push')).toThrow();
  expect(stack.template.findOutputs('SecretOfReaderPush')).toMatchObject({ SecretOfReaderPush: { Value: SECRET } });
  expect(JSON.stringify(stack.propertiesAt('resolve-role'))).toContain(SECRET);
});

test('functions may use the key of before, so that messages under it can still be received', () => {
  const { template, propertiesAt } = synthesized({ keyArns: [KEY] });
  template.resourceCountIs('AWS::KMS::Key', 0);
  for (const door of ['events', 'account-api', 'apply', 'sweep'])
    expect(propertiesAt(`${door}-role`)).toMatchObject({
      Policies: [
        { PolicyDocument: { Statement: expect.arrayContaining([expect.objectContaining({ Resource: KEY })]) } },
      ],
    });
});

test('the numbers of a stage are those of its resources', () => {
  const warmThroughput = { reads: 12_000, writes: 4_000 };
  const { template, propertiesAt } = synthesized({ logRetentionDays: 90, maxConcurrency: 60, warmThroughput });
  template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
  expect(propertiesAt('Operations/Feed')).toMatchObject({ ScalingConfig: { MaximumConcurrency: 60 } });
  expect(propertiesAt('Registry')).toMatchObject({
    WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4_000 },
  });
});
