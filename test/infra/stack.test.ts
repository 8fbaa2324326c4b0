import { Buffer } from 'node:buffer';
import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { App, Source } from '../../functions/core/configuration.ts';
import { DevicesEnvironment, ResolveEnvironment } from '../../functions/lambda/device-environment.ts';
import {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  IntakeEnvironment,
  MirrorEnvironment,
  SweepEnvironment,
} from '../../functions/lambda/environment.ts';
import { Bindery } from '../../infra/bindery.ts';
import { configurationFor } from '../../infra/configuration.ts';
import { environmentBytes } from '../../infra/function.ts';
import * as settings from '../../infra/settings.ts';
import { allowedTo as allowed, Role } from './policy.ts';
import {
  app,
  COMPLETE,
  CONFIGURATION,
  EVERYTHING,
  MIRRORED,
  Ref,
  type Synthesized,
  stackOf,
  synthesized,
} from './synthesis.ts';

const DOORS = ['events', 'account-api', 'apply', 'sweep'] as const;
const MIRROR_DOORS = ['mirror', 'verify'] as const;
const DEVICE_DOORS = ['devices', 'resolve'] as const;
const ALL_DOORS = [...DOORS, ...DEVICE_DOORS, ...MIRROR_DOORS, 'intake' as const];
const dev = synthesized();
const { template, propertiesAt } = dev;
const functionUrls = synthesized({ front: 'function-url', configuration: COMPLETE });
const ownKey = synthesized({ encryption: 'kms', alarmEmail: 'ops@shop.example' });
const allowedTo = (door: settings.Door, of = dev) => allowed(door, of);
const mirrored = synthesized({ configuration: MIRRORED });
const complete = synthesized({ configuration: COMPLETE });
const completeOwnKey = synthesized(EVERYTHING);

const Environment = z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) });
/** Returns a value of the template as deployed, with the longest names that a Region makes. */
const deployed = (value: unknown, of: Synthesized): string => {
  if (typeof value === 'string') return value;
  const ref = Ref.safeParse(value);
  if (!ref.success) {
    const join = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) }).parse(value);
    return join['Fn::Join'][1].map((part) => deployed(part, of)).join('');
  }
  const place = of.paths.get(ref.data) ?? '';
  const name = `${ref.data}-AbCdEfGhIjKl`;
  if (/^Credentials\/|^Mirror .*\/Secret$/.test(place))
    return `arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:${name}-AbCdEf`;
  if (/^Operations\/|^Source |^Mirror .*\/(Marks|Checks)\//.test(place))
    return `https://sqs.us-gov-west-1.amazonaws.com/123456789012/Bindery-dev-${name}`;
  return `Bindery-dev-${name}`;
};

const variablesOf = (door: settings.Door, of = dev): Record<string, string> => {
  const { Variables } = Environment.parse(of.propertiesAt(door)).Environment;
  return Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, deployed(value, of)]));
};

/** Returns the findings of cdk-nag that the code does not acknowledge, each with its construct. */
const findingsIn = (scope: Stack): string[] =>
  [new AwsSolutionsChecks(), new ServerlessChecks()]
    .flatMap((checks) => checks.validateScope(scope).violations)
    .flatMap(({ ruleName, violatingResources }) =>
      violatingResources.map(({ constructPath }) => `${ruleName} ${constructPath}`),
    );

test.each([
  ['with mirrors and mails', synthesized({ configuration: COMPLETE, alarmEmail: 'ops@shop.example' }).stack],
  ['with function URLs', functionUrls.stack],
  ["with mirrors in prod and a key of the account's own", completeOwnKey.stack],
])('the stack %s follows every rule of cdk-nag, or the code acknowledges it with a reason', (_, scope) => {
  expect(findingsIn(scope)).toEqual([]);
});

test('a queue without TLS breaks a rule of cdk-nag', () => {
  const careless = new Stack(app(), 'Careless');
  new Queue(careless, 'Queue');
  expect(findingsIn(careless)).toContain('AwsSolutions-SQS4 Careless/Queue/Resource');
});

test.each([
  [
    'Operations',
    'apply',
    { ...settings.OPERATIONS_QUEUE, feed: settings.operationsFeed(CONFIGURATION.apps) },
    'Operations/Parked',
    dev,
  ] as const,
  ...['shop', 'bus'].map(
    (id) => [`Source ${id}`, 'intake', settings.INTAKE_QUEUE, `Source ${id}/Dead`, complete] as const,
  ),
  ...MIRRORED.apps.flatMap(({ id }) => [
    [`Mirror ${id}/Marks`, 'mirror', settings.MARKS_QUEUE, `Mirror ${id}/Marks/Dead`, mirrored] as const,
    [`Mirror ${id}/Checks`, 'verify', settings.CHECKS_QUEUE, `Mirror ${id}/Checks/Dead`, mirrored] as const,
  ]),
])(
  'the queue of %s feeds %s with the numbers of the settings, and a failed message returns alone until it is parked',
  (path, door, { feed, ...numbers }, parked, { idAt, propertiesAt }) => {
    const arnOf = (of: string) => ({ 'Fn::GetAtt': [idAt(of), 'Arn'] });
    expect(propertiesAt(`${path}/Feed`)).toEqual({
      FunctionName: { Ref: idAt(door) },
      EventSourceArn: arnOf(`${path}/Queue`),
      BatchSize: feed.batchSize,
      MaximumBatchingWindowInSeconds: feed.windowS,
      ScalingConfig: { MaximumConcurrency: feed.maxConcurrency },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      Tags: expect.anything(),
    });
    expect(propertiesAt(`${path}/Queue`)).toMatchObject({
      VisibilityTimeout: numbers.visibilityS,
      MessageRetentionPeriod: numbers.retentionS,
      RedrivePolicy: { deadLetterTargetArn: arnOf(parked), maxReceiveCount: numbers.maxReceiveCount },
    });
    expect(numbers.visibilityS).toBe(6 * settings.TIMEOUT_S[door] + (feed.windowS ?? 0));
    // SQS counts a dead letter's age from when it was first sent: an operator has the other week.
    expect(propertiesAt(parked)).toMatchObject({ MessageRetentionPeriod: 14 * 86_400 });
    expect(numbers.retentionS).toBeLessThanOrEqual(7 * 86_400);
  },
);

test('the queue collects messages for a second, but not if any app has a mirror', () => {
  const Mapping = z.object({ MaximumBatchingWindowInSeconds: z.int().optional() });
  const windowIn = (of: Synthesized) =>
    Mapping.parse(of.propertiesAt('Operations/Feed')).MaximumBatchingWindowInSeconds;
  const apps = [...MIRRORED.apps.slice(0, 1), ...CONFIGURATION.apps.slice(1)];
  const halfMirrored = synthesized({ configuration: { ...MIRRORED, apps } });
  expect([dev, mirrored, halfMirrored].map(windowIn)).toEqual([1, 0, 0]);
});

test('Lambda stops every loop of functions, except the one of mirror and verify', () => {
  template.allResourcesProperties('AWS::Lambda::Function', { RecursiveLoop: Match.absent() });
  for (const door of DOORS) expect(mirrored.propertiesAt(door)).not.toHaveProperty('RecursiveLoop');
  for (const door of MIRROR_DOORS) expect(mirrored.propertiesAt(door)).toMatchObject({ RecursiveLoop: 'Allow' });
});

describe('least privilege', () => {
  test('a role allows without mirrors what it allows with mirrors, except for those', () => {
    for (const door of DOORS) {
      const others = Object.entries(allowedTo(door, mirrored)).filter(([path]) => !path.startsWith('Mirror '));
      expect(allowedTo(door)).toEqual(Object.fromEntries(others));
    }
  });

  test('a function reads only its own kind of secret', () => {
    const secretsOf = (door: settings.Door) =>
      Object.keys(allowedTo(door, complete)).filter((path) => /^Credentials\/|\/Secret$/.test(path));
    const ofMirrors = ['Credentials/pseudonyms', 'Mirror shop-android/Secret', 'Mirror shop-ios/Secret'];
    expect(Object.fromEntries(ALL_DOORS.map((door) => [door, secretsOf(door)]))).toEqual({
      events: ['Credentials/source web'],
      'account-api': ['Credentials/app shop-android', 'Credentials/app shop-ios'],
      apply: ['Credentials/pseudonyms'],
      sweep: [],
      devices: ['Credentials/devices', 'Credentials/source web'],
      resolve: ['Credentials/devices', 'Credentials/reader push'],
      intake: [],
      mirror: ofMirrors,
      verify: ofMirrors,
    });
  });

  test("the account's own key adds only its use through three services to a role", () => {
    const using = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey'];
    for (const door of DOORS) {
      expect(allowedTo(door, ownKey)).toEqual({ ...allowedTo(door), Key: using });
      const [{ PolicyDocument }] = Role.parse(ownKey.propertiesAt(`${door}-role`)).Policies;
      const conditions = PolicyDocument.Statement.map(({ Condition }) => Condition).filter(Boolean);
      const through = (service: string) => ({
        'Fn::Join': ['', [`${service}.`, { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
      });
      expect(conditions).toEqual([
        { StringEquals: { 'kms:ViaService': ['dynamodb', 'secretsmanager', 'sqs'].map(through) } },
      ]);
    }
    expect(template.findResources('AWS::KMS::Key')).toEqual({});
  });

  test('no function but sweep can scan or delete from the table', () => {
    const roles = complete.template.findResources('AWS::IAM::Role');
    const others = Object.entries(roles).filter(([id]) => complete.paths.get(id) !== 'sweep-role');
    expect(others).toHaveLength(Object.keys(roles).length - 1);
    expect(JSON.stringify(others)).not.toMatch(/dynamodb:(?:Scan|\w*Delete|BatchWrite)/);
    expect(JSON.stringify(roles)).not.toMatch(/dynamodb:(?:[^"]*\*|PartiQL(?!Insert"|Update"))/);
  });

  test("a function has no policy besides its role's own", () => {
    expect(template.findResources('AWS::IAM::Policy')).toEqual({});
    expect(template.findResources('AWS::IAM::ManagedPolicy')).toEqual({});
    for (const door of DOORS)
      expect(propertiesAt(door)).toMatchObject({ Role: { 'Fn::GetAtt': [dev.idAt(`${door}-role`), 'Arn'] } });
  });
});

test('the environment of a function has the variables that it reads, and no others', () => {
  const schemas = {
    events: EventsEnvironment,
    'account-api': AccountApiEnvironment,
    apply: ApplyEnvironment,
    intake: IntakeEnvironment,
    sweep: SweepEnvironment,
    devices: DevicesEnvironment,
    resolve: ResolveEnvironment,
    mirror: MirrorEnvironment,
    verify: MirrorEnvironment,
  };
  for (const door of ALL_DOORS)
    expect(z.strictObject(schemas[door].shape).safeParse(variablesOf(door, complete)).error, door).toBeUndefined();
});

test('an HTTP door gets no settings of mirrors, and of the callers only its own', () => {
  const apps = MIRRORED.apps.map(({ mirror: _, ...app }) => app);
  const [web] = CONFIGURATION.sources;
  const sources = [web, { ...web, id: 'mobile', tickets: true }];
  const configuration = Configuration.parse({ ...COMPLETE, sources });
  const { identities, readers } = configuration;
  const given = (door: settings.HttpDoor) => JSON.parse(configurationFor(door, configuration));
  const parts = {
    events: { sources },
    'account-api': {},
    devices: { identities, sources: [sources[1]] },
    resolve: { readers },
  } as const;
  for (const door of ['events', 'account-api', 'devices', 'resolve'] as const) {
    const { apps: own, ...rest } = given(door);
    expect(own.map((app: unknown) => App.parse(app))).toEqual(apps);
    const read = rest.sources ? { ...rest, sources: rest.sources.map((one: unknown) => Source.parse(one)) } : rest;
    expect(Object.keys(read)).toEqual(Object.keys(parts[door]));
  }
  const [mobile] = given('devices').sources;
  expect(given('devices').identities).toEqual(identities);
  expect(Source.parse(mobile)).toEqual(sources[1]);
  expect(given('resolve')).toMatchObject(parts.resolve);
  expect(given('events').sources.map(({ id }: Source) => id)).toEqual(['web', 'mobile']);
  expect(variablesOf('events')['BINDERY_CONFIG']).not.toMatch(/tickets|options/);
});

test('mirror and verify get all settings of mirrors, and a default takes no space', () => {
  const { MIRRORS } = MirrorEnvironment.parse(variablesOf('mirror', mirrored));
  expect(MIRRORS.map(({ app }) => app)).toEqual(MIRRORED.apps);
  expect(variablesOf('verify', mirrored)).toEqual(variablesOf('mirror', mirrored));
  expect(variablesOf('mirror', mirrored)['MIRRORS']).not.toMatch(/"mode"|"untyped"|"callsPerS":20|"settleS":60/);
});

test("the policy of a source's queue allows the source's own rule alone, beside what IAM allows the account", () => {
  const { idAt, propertiesAt } = completeOwnKey;
  const arn = (path: string) => ({ 'Fn::GetAtt': [idAt(path), 'Arn'] });
  const allowedBy = (path: string) =>
    z
      .object({ PolicyDocument: z.object({ Statement: z.array(z.record(z.string(), z.unknown())) }) })
      .parse(propertiesAt(`${path}/Policy`))
      .PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow');
  for (const name of ['Queue', 'Dead']) {
    expect(allowedBy(`Source shop/${name}`)).toEqual([]);
    expect(allowedBy(`Source bus/${name}`)).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: arn(`Source bus/${name}`),
        Condition: { ArnEquals: { 'aws:SourceArn': arn('Source bus/Rule') } },
      },
    ]);
  }
  expect(propertiesAt('Source bus/Rule')).toMatchObject({
    EventBusName: 'default',
    EventPattern: { source: ['shop.auth'], 'detail-type': [{ prefix: 'user.' }, { prefix: 'device.' }] },
    Targets: [{ Arn: arn('Source bus/Queue'), DeadLetterConfig: { Arn: arn('Source bus/Dead') } }],
  });
  expect(JSON.stringify(propertiesAt('Key'))).toContain('events.amazonaws.com');
});

test('the rule of a source of the kind cognito matches the calls that sign a user out', () => {
  const users = { id: 'users', kind: 'cognito', apps: ['shop-ios'] };
  const configuration = Configuration.parse({ ...CONFIGURATION, sources: [...CONFIGURATION.sources, users] });
  expect(synthesized({ configuration }).propertiesAt('Source users/Rule')).toMatchObject({
    EventPattern: {
      source: ['aws.cognito-idp'],
      'detail-type': ['AWS API Call via CloudTrail'],
      detail: { eventName: expect.arrayContaining(['GlobalSignOut', 'AdminDeleteUser']) },
    },
  });
});

test('a configuration without sources on AWS deploys nothing for them', () => {
  expect(JSON.stringify(template.toJSON())).not.toMatch(/intake|SOURCE_QUEUES|Source[A-Z]\w*Queue/i);
});

test('a template has no secret values', () => {
  expect(JSON.stringify(complete.template.toJSON())).not.toMatch(/\{\{resolve:|"SecretString"/);
});

test('an environment that is too large for Lambda stops the synthesis', () => {
  const apps = Array.from({ length: 40 }, (_, i) => ({ id: `app-${i}`, dialect: 'xg', platform: 'android' }));
  const configuration = Configuration.parse({
    apps,
    sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['app-0'] }],
  });
  expect(() => Template.fromStack(stackOf({ configuration }))).toThrow(/Lambda allows 4096: configure fewer apps/);
});

test('a deployed environment is not larger than was estimated', () => {
  for (const door of ALL_DOORS) {
    const { Variables } = Environment.parse(complete.propertiesAt(door)).Environment;
    const estimate = environmentBytes(complete.stack, Variables);
    expect(Buffer.byteLength(JSON.stringify(variablesOf(door, complete))), door).toBeLessThanOrEqual(estimate);
  }
});

test('every function has the runtime, timeout and memory it needs, and writes its own log in JSON', () => {
  for (const door of ALL_DOORS)
    expect(complete.propertiesAt(door)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: settings.TIMEOUT_S[door],
      MemorySize: settings.MEMORY_MB[door],
      LoggingConfig: { LogGroup: { Ref: complete.idAt(`${door}-log`) }, LogFormat: 'JSON', SystemLogLevel: 'WARN' },
    });
});

test("the account's own key encrypts queues, table, secrets, logs and the topic of alarms", () => {
  const { template, idAt } = completeOwnKey;
  const key = { 'Fn::GetAtt': [idAt('Key'), 'Arn'] };
  template.allResourcesProperties('AWS::SQS::Queue', {
    KmsMasterKeyId: key,
    KmsDataKeyReusePeriodSeconds: settings.KEY_REUSE_S,
  });
  template.allResourcesProperties('AWS::SecretsManager::Secret', { KmsKeyId: key });
  template.allResourcesProperties('AWS::Logs::LogGroup', { KmsKeyId: key });
  template.allResourcesProperties('AWS::SNS::Topic', { KmsMasterKeyId: key });
  template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    Replicas: [Match.objectLike({ SSESpecification: { KMSMasterKeyId: key } })],
  });
});

test("the account's own key allows the logs of this stack only", () => {
  ownKey.template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Principal: { Service: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.amazonaws.com']] } },
          Condition: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': [
                { 'Fn::Join': ['', Match.arrayWith([':log-group:Bindery-dev-*'])] },
                { 'Fn::Join': ['', Match.arrayWith([':log-group:/aws/vendedlogs/Bindery-dev-*'])] },
              ],
            },
          },
        }),
      ]),
    },
  });
});

test('function URLs replace the HTTP API, one for each HTTP door', () => {
  const { template, paths } = functionUrls;
  expect(template.findResources('AWS::ApiGatewayV2::Api')).toEqual({});
  const Url = z.object({ AuthType: z.literal('NONE'), TargetFunctionArn: Ref });
  const targets = Object.values(template.findResources('AWS::Lambda::Url')).map(({ Properties }) =>
    paths.get(Url.parse(Properties).TargetFunctionArn),
  );
  expect(new Set(targets)).toEqual(new Set(settings.ROUTES.map(({ door }) => door)));
});

test('every client can call a function by its URL, and only by that', () => {
  const permissions = functionUrls.template.findResources('AWS::Lambda::Permission');
  const toPeople = Object.values(permissions).filter(({ Properties }) => Properties.Principal === '*');
  expect(toPeople).toHaveLength(Object.keys(permissions).length - 1); // the clock calls sweep
  const granted = toPeople.map(({ Properties: { Action, FunctionUrlAuthType, ...rest } }) => {
    const isByUrl = FunctionUrlAuthType === 'NONE' || rest.InvokedViaFunctionUrl === true;
    return `${Action} ${isByUrl}`;
  });
  expect(new Set(granted)).toEqual(new Set(['lambda:InvokeFunctionUrl true', 'lambda:InvokeFunction true']));
});

test('function URLs are an output for each door, without a slash at the end', () => {
  const { EventsUrl, AccountApiUrl, DevicesUrl, ResolveUrl, Url } = functionUrls.template.findOutputs('*');
  const host = { 'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': [expect.anything(), 'FunctionUrl'] }] }] };
  for (const output of [EventsUrl, AccountApiUrl, DevicesUrl, ResolveUrl])
    expect(output?.['Value']).toEqual({ 'Fn::Join': ['', ['https://', host]] });
  expect(Url).toBeUndefined();
});

test('the option doorConcurrency reserves executions for HTTP doors and nothing else does', () => {
  template.allResourcesProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: Match.absent() });
  const { propertiesAt } = synthesized({ configuration: COMPLETE, doorConcurrency: 50 });
  for (const door of ['events', 'account-api', ...DEVICE_DOORS])
    expect(propertiesAt(door)).toMatchObject({ ReservedConcurrentExecutions: 50 });
  expect(propertiesAt('apply')).not.toHaveProperty('ReservedConcurrentExecutions');
});

test.each([
  ['all routes of the settings', complete, () => true],
  ['the routes of its functions', dev, (door: settings.HttpDoor) => /events|account-api/.test(door)],
])('the HTTP API has %s, for every method, and each leads to its function', (_, { template, idAt }, has) => {
  const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
  const keys = routes.map(({ Properties }) => Properties.RouteKey);
  const served = settings.ROUTES.filter(({ door }) => has(door));
  const named = served.map(({ path }) => `ANY ${path}`);
  expect(keys.toSorted()).toEqual([...named, 'ANY /v3/{proxy+}', '$default'].toSorted());
  for (const { path, door } of served) {
    template.hasResourceProperties('AWS::Lambda::Permission', {
      FunctionName: { 'Fn::GetAtt': [idAt(door), 'Arn'] },
      SourceArn: { 'Fn::Join': ['', Match.arrayWith([`/*/*${path}`])] },
    });
  }
  template.allResourcesProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' });
});

test('a flood on one route leaves the others open: each has its own limit, which needs the route to exist', () => {
  const { template, idAt } = synthesized({ throttle: { events: 700 } });
  const routes = Object.entries(template.findResources('AWS::ApiGatewayV2::Route')).filter(([id]) => !/Other/.test(id));
  const stage = template.toJSON()['Resources'][idAt('HttpApi/Stage')];
  const limit = (perS: number) => ({ ThrottlingRateLimit: perS, ThrottlingBurstLimit: perS });
  expect(stage.Properties).toMatchObject({ StageName: '$default', DefaultRouteSettings: limit(20) });
  expect(stage.Properties.RouteSettings).toEqual({
    'ANY /events/{source}': limit(700),
    'ANY /v3/device/account/batchoperate': limit(200),
    'ANY /v3/device/account/query': limit(200),
  });
  expect(stage.DependsOn).toEqual(expect.arrayContaining(routes.map(([id]) => id)));
});

test.each([
  ['without phones and readers', {}, 500],
  ['with phones', { identities: COMPLETE.identities }, 300],
  ['with readers', { readers: COMPLETE.readers }, 350],
  ['with both', { identities: COMPLETE.identities, readers: COMPLETE.readers }, 150],
])('the limits of all routes together leave executions to apply in a stack %s', (_, callers, events) => {
  const { template, idAt } = synthesized({ configuration: { ...CONFIGURATION, ...callers } });
  const { RouteSettings, DefaultRouteSettings } = template.toJSON()['Resources'][idAt('HttpApi/Stage')].Properties;
  const limits = Object.values<{ ThrottlingRateLimit: number }>(RouteSettings).map((one) => one.ThrottlingRateLimit);
  expect(RouteSettings['ANY /events/{source}'].ThrottlingRateLimit).toBe(events);
  const others = 2 * DefaultRouteSettings.ThrottlingRateLimit;
  expect(limits.reduce((sum, limit) => sum + limit, others)).toBe(940);
});

test('a configuration without phones and readers deploys nothing for them', () => {
  expect(JSON.stringify(mirrored.template.toJSON())).not.toMatch(/devices|resolve|reader|DEVICE_SECRET/i);
  const secretsOf = (configuration: Configuration) =>
    Object.keys(synthesized({ configuration }).template.findResources('AWS::SecretsManager::Secret')).length;
  const { readers, identities } = COMPLETE;
  expect([{}, { identities }, { readers }].map((more) => secretsOf({ ...CONFIGURATION, ...more }))).toEqual([4, 5, 6]);
});

test("requests that go on to an app's hosted API have the limit of its other requests", () => {
  const mirror = { url: 'https://tpns.example', app: 'push', dialect: 'tpns', passThrough: true };
  const apps = [{ id: 'push', dialect: 'tpns', platform: 'ios', mirror }];
  const sources = [{ id: 'web', kind: 'standard-webhooks', apps: ['push'] }];
  const configuration = Configuration.parse({ apps, sources });
  const { template, idAt } = synthesized({ configuration, throttle: { batchoperate: 300 } });
  const stage = template.toJSON()['Resources'][idAt('HttpApi/Stage')];
  expect(stage.Properties.RouteSettings['ANY /v3/{proxy+}']).toEqual({
    ThrottlingRateLimit: 300,
    ThrottlingBurstLimit: 300,
  });
  expect(stage.DependsOn).toContain(idAt('HttpApi/Other-account-api'));
});

test('the HTTP API has its stage in its name, and its log a name that AWS needs no policy for', () => {
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', { Name: 'Bindery-dev' });
  expect(propertiesAt('HttpApi/Log')).toMatchObject({
    LogGroupName: { 'Fn::Join': ['', ['/aws/vendedlogs/Bindery-dev-', { Ref: dev.idAt('HttpApi') }]] },
  });
});

test('the access log has no address, no path and no query string', () => {
  const { Format } = z
    .object({ AccessLogSettings: z.object({ Format: z.string() }) })
    .parse(propertiesAt('HttpApi/Stage')).AccessLogSettings;
  expect(JSON.parse(Format)).toMatchObject({ id: '$context.requestId', status: '$context.status' });
  expect(Format).not.toMatch(/identity|path|query|userAgent|authorizer|header/i);
});

test.each([
  ['outlive the stack in prod', completeOwnKey, 'Retain'],
  ['are deleted with the stack in dev', ownKey, 'Delete'],
])('the table, secrets, queues and key %s', (_, { template, stack }, policy) => {
  const types = ['DynamoDB::GlobalTable', 'SecretsManager::Secret', 'SQS::Queue', 'KMS::Key'];
  for (const type of types)
    template.allResources(`AWS::${type}`, { DeletionPolicy: policy, UpdateReplacePolicy: policy });
  template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
    Replicas: [Match.objectLike({ DeletionProtectionEnabled: policy === 'Retain' })],
  });
  expect(stack.terminationProtection).toBe(policy === 'Retain');
});

test('the table has the keys and the expiry that the store writes, and can be restored', () => {
  const { partitionKey, sortKey, expiry } = settings.TABLE;
  expect(propertiesAt('Registry')).toMatchObject({
    KeySchema: [
      { AttributeName: partitionKey, KeyType: 'HASH' },
      { AttributeName: sortKey, KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: partitionKey, AttributeType: 'S' },
      { AttributeName: sortKey, AttributeType: 'S' },
    ],
    TimeToLiveSpecification: { AttributeName: expiry, Enabled: true },
    BillingMode: 'PAY_PER_REQUEST',
    Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
  });
});

test('logs expire', () => {
  template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
});

test('a generated source secret is base64 of a key that Standard Webhooks allows', () => {
  const { GenerateSecretString } = z
    .object({ GenerateSecretString: z.object({ PasswordLength: z.number(), ExcludePunctuation: z.literal(true) }) })
    .parse(propertiesAt('Credentials/source web'));
  const key = Buffer.from('a'.repeat(GenerateSecretString.PasswordLength), 'base64');
  expect(GenerateSecretString.PasswordLength % 4, 'no padding is missing').toBe(0);
  expect(key.length).toBeGreaterThanOrEqual(24);
  expect(key.length).toBeLessThanOrEqual(64);
});

test('no resource has a fixed name, so that a second stack fits beside the first', () => {
  const Resource = z.object({ Properties: z.record(z.string(), z.unknown()).default({}) });
  const named = Object.values(template.toJSON()['Resources']).flatMap((resource) =>
    Object.entries(Resource.parse(resource).Properties)
      .filter(([, value]) => typeof value === 'string') // else it is a reference to what CloudFormation named
      .map(([property]) => property),
  );
  const name = /^(?:Table|Queue|Role|LogGroup|Secret|Alarm|Topic|Dashboard|Function)Name$/;
  expect(named.filter((property) => name.test(property))).toEqual([]);
  template.allResourcesProperties('AWS::SecretsManager::Secret', { Name: Match.absent() });
});

test('functions use the table of a restore, their roles allow no other, and the own one stays', () => {
  const restored = synthesized({ configuration: COMPLETE, stage: 'prod', restoredTable: 'bindery-restored' });
  for (const door of ALL_DOORS) {
    const { Variables } = Environment.parse(restored.propertiesAt(door)).Environment;
    expect(Variables['REGISTRY_TABLE']).toBe('bindery-restored');
    expect(JSON.stringify(restored.propertiesAt(`${door}-role`))).toContain(':table/bindery-restored');
    expect(allowedTo(door, restored)).not.toHaveProperty('Registry');
  }
  expect(restored.template.findOutputs('TableName')).toMatchObject({ TableName: { Value: 'bindery-restored' } });
  restored.template.allResources('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Retain' });
});

test('a configuration without days of history has no table, no permission and no output of the ledger', () => {
  const off = synthesized({ configuration: { ...COMPLETE, history: { days: 0 } } });
  off.template.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
  expect(off.template.findOutputs('HistoryTableName')).toEqual({});
  for (const door of ['apply', 'sweep', 'resolve'] as const) {
    expect(variablesOf(door, off)['HISTORY']).toBe('null');
    expect(allowedTo(door, off)).not.toHaveProperty('History');
    expect(allowedTo(door, complete)).toHaveProperty('History');
  }
  for (const door of ['events', 'account-api', 'devices', 'intake', 'mirror', 'verify'] as const)
    expect(allowedTo(door, complete)).not.toHaveProperty('History');
});

test('the stack has outputs for its URL, table, queues, dashboard and secrets, also of mirrors', () => {
  expect(Object.keys(complete.template.findOutputs('*')).toSorted()).toEqual([
    'DashboardName',
    'DeadLettersUrlOfSourceBus',
    'DeadLettersUrlOfSourceShop',
    'HistoryTableName',
    'MirrorDeadLettersUrlOfShopAndroid',
    'MirrorDeadLettersUrlOfShopIos',
    'MirrorQueueUrlOfShopAndroid',
    'MirrorQueueUrlOfShopIos',
    'MirrorSecretOfShopAndroid',
    'MirrorSecretOfShopIos',
    'OperationsQueueUrl',
    'ParkedQueueUrl',
    'QueueUrlOfSourceBus',
    'QueueUrlOfSourceShop',
    'SecretOfAppShopAndroid',
    'SecretOfAppShopIos',
    'SecretOfDevices',
    'SecretOfReaderPush',
    'SecretOfSourceWeb',
    'TableName',
    'Url',
  ]);
});

test('two ids that make the same output stop the synthesis', () => {
  const [shop] = CONFIGURATION.apps;
  const apps = ['my-app', 'my_app'].map((id) => ({ ...shop, id }));
  const configuration = Configuration.parse({
    apps,
    sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['my-app'] }],
  });
  expect(() => Template.fromStack(stackOf({ configuration }))).toThrow(/the output "SecretOfAppMyApp": rename one/);
});

test('every function has the tags service and stage, but the dashboard none: not every Region knows them', () => {
  const { template } = completeOwnKey;
  template.allResourcesProperties('AWS::Lambda::Function', {
    Tags: [
      { Key: 'service', Value: 'bindery' },
      { Key: 'stage', Value: 'prod' },
    ],
  });
  template.allResourcesProperties('AWS::CloudWatch::Dashboard', { Tags: Match.absent() });
});

test('Bindery fits into another stack', () => {
  const theirs = new Stack(app(), 'Shop');
  const { registry } = new Bindery(theirs, 'Push', { configuration: CONFIGURATION });
  Template.fromStack(theirs).hasResource('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Delete' });
  expect(Stack.of(registry)).toBe(theirs);
});
