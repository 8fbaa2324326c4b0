import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import cdk from '../../cdk.json' with { type: 'json' };
import { App, Configuration } from '../../functions/core/configuration.ts';
import {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  MirrorEnvironment,
  SweepEnvironment,
} from '../../functions/lambda/environment.ts';
import { Bindery } from '../../infra/bindery.ts';
import { environmentBytes } from '../../infra/function.ts';
import * as settings from '../../infra/settings.ts';
import { allowedTo as allowed, Role } from './policy.ts';
import { app, CONFIGURATION, EVERYTHING, MIRRORED, Ref, type Synthesized, stackOf, synthesized } from './synthesis.ts';

/** Returns a configuration of that many apps, with a source of the first one. */
const crowd = (apps: number) =>
  Configuration.parse({
    apps: Array.from({ length: apps }, (_, i) => ({ id: `app-${i}`, dialect: 'xg', platform: 'android' })),
    sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['app-0'] }],
  });

const DOORS = ['events', 'account-api', 'apply', 'sweep'] as const;
const MIRROR_DOORS = ['mirror', 'verify'] as const;
const ALL_DOORS = [...DOORS, ...MIRROR_DOORS];
const dev = synthesized();
const { stack, template, paths, propertiesAt } = dev;
const production = synthesized({ stage: 'prod' });
const functionUrls = synthesized({ front: 'function-url' });
const ownKey = synthesized({ encryption: 'kms', alarmEmail: 'ops@shop.example' });
const allowedTo = (door: settings.Door, of = dev) => allowed(door, of);
const mirrored = synthesized({ configuration: MIRRORED });
const mirroredOwnKey = synthesized(EVERYTHING);

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
  if (/^Operations\/|^Mirror .*\/(Marks|Checks)\//.test(place))
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
  ['in dev', stack],
  ['in prod', production.stack],
  ['with function URLs', functionUrls.stack],
  ["with a key of the account's own and mails", ownKey.stack],
  ['with mirrors', mirrored.stack],
  ["with mirrors in prod and a key of the account's own", mirroredOwnKey.stack],
])('the stack %s follows every rule of cdk-nag, or the code acknowledges it with a reason', (_, scope) => {
  expect(findingsIn(scope)).toEqual([]);
});

test('a queue without TLS breaks a rule of cdk-nag', () => {
  const careless = new Stack(app(), 'Careless');
  new Queue(careless, 'Queue');
  expect(findingsIn(careless)).toContain('AwsSolutions-SQS4 Careless/Queue/Resource');
});

test('a failed message returns alone', () => {
  expect(propertiesAt('Operations/Feed')).toMatchObject({ FunctionResponseTypes: ['ReportBatchItemFailures'] });
});

test('the operations queue feeds apply with the batch size and the concurrency of the settings', () => {
  template.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
    BatchSize: settings.EVENT_SOURCE.batchSize,
    ScalingConfig: { MaximumConcurrency: settings.EVENT_SOURCE.maxConcurrency },
    MaximumBatchingWindowInSeconds: settings.operationsFeed(CONFIGURATION.apps).windowS,
  });
  const { FunctionName } = z.object({ FunctionName: Ref }).parse(propertiesAt('Operations/Feed'));
  expect(paths.get(FunctionName)).toBe('apply');
});

test('the queue collects messages for a second, but not if any app has a mirror', () => {
  const Mapping = z.object({ MaximumBatchingWindowInSeconds: z.int().optional() });
  const windowIn = (of: Synthesized) =>
    Mapping.parse(of.propertiesAt('Operations/Feed')).MaximumBatchingWindowInSeconds;
  const apps = [...MIRRORED.apps.slice(0, 1), ...CONFIGURATION.apps.slice(1)];
  const halfMirrored = synthesized({ configuration: { ...MIRRORED, apps } });
  expect([dev, mirrored, halfMirrored].map(windowIn)).toEqual([1, undefined, undefined]);
});

test("the visibility timeout is six times the function's timeout plus the window", () => {
  expect(propertiesAt('apply')).toMatchObject({ Timeout: settings.TIMEOUT_S.apply });
  const { windowS = 0 } = settings.operationsFeed(CONFIGURATION.apps);
  expect(propertiesAt('Operations/Queue')).toMatchObject({
    VisibilityTimeout: 6 * settings.TIMEOUT_S.apply + windowS,
  });
});

test('a message that was received too often is parked, not lost', () => {
  expect(propertiesAt('Operations/Queue')).toMatchObject({
    RedrivePolicy: { maxReceiveCount: settings.OPERATIONS_QUEUE.maxReceiveCount },
    MessageRetentionPeriod: settings.OPERATIONS_QUEUE.retentionS,
  });
  const { RedrivePolicy } = z
    .object({ RedrivePolicy: z.object({ deadLetterTargetArn: Ref }) })
    .parse(propertiesAt('Operations/Queue'));
  expect(paths.get(RedrivePolicy.deadLetterTargetArn)).toBe('Operations/Parked');
  // SQS counts a dead letter's age from when it was first sent: a shorter retention would delete some on arrival.
  expect(settings.PARKED_QUEUE.retentionS).toBeGreaterThanOrEqual(settings.OPERATIONS_QUEUE.retentionS);
  expect(propertiesAt('Operations/Parked')).toMatchObject({
    MessageRetentionPeriod: settings.PARKED_QUEUE.retentionS,
  });
});

test('queues are encrypted and refuse plain HTTP', () => {
  template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true });
  template.allResourcesProperties('AWS::SQS::QueuePolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      ]),
    },
  });
  const guarded = Object.values(template.findResources('AWS::SQS::QueuePolicy')).flatMap(({ Properties }) =>
    z.array(Ref).parse(Properties.Queues),
  );
  expect(guarded.toSorted()).toEqual(Object.keys(template.findResources('AWS::SQS::Queue')).toSorted());
});

test('Lambda stops every loop of functions, except the one of mirror and verify', () => {
  template.allResourcesProperties('AWS::Lambda::Function', { RecursiveLoop: Match.absent() });
  for (const door of DOORS) expect(mirrored.propertiesAt(door)).not.toHaveProperty('RecursiveLoop');
  for (const door of MIRROR_DOORS) expect(mirrored.propertiesAt(door)).toMatchObject({ RecursiveLoop: 'Allow' });
});

describe('least privilege', () => {
  const applying = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
  const logging = ['logs:CreateLogStream', 'logs:PutLogEvents'];

  test('the role of events sends, applies and reads the secrets of sources', () => {
    expect(allowedTo('events')).toEqual({
      'Operations/Queue': ['sqs:SendMessage'],
      Registry: applying,
      'Credentials/source web': ['secretsmanager:GetSecretValue'],
      'events-log': logging,
    });
  });

  test('the role of account-api sends, applies, queries and reads the secrets of apps', () => {
    expect(allowedTo('account-api')).toEqual({
      'Operations/Queue': ['sqs:SendMessage'],
      Registry: [...applying, 'dynamodb:Query'].toSorted(),
      'Credentials/app shop-android': ['secretsmanager:GetSecretValue'],
      'Credentials/app shop-ios': ['secretsmanager:GetSecretValue'],
      'account-api-log': logging,
    });
  });

  test('the role of apply receives, applies and parks', () => {
    expect(allowedTo('apply')).toEqual({
      'Operations/Queue': [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
      ],
      'Operations/Parked': ['sqs:SendMessage'],
      Registry: applying,
      'Credentials/pseudonyms': ['secretsmanager:GetSecretValue'],
      'apply-log': logging,
    });
  });

  const receiving = [
    'sqs:ChangeMessageVisibility',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'sqs:ReceiveMessage',
  ];
  const mirrors = MIRRORED.apps.map(({ id }) => `Mirror ${id}`);
  const each = (place: string, actions: readonly string[]) =>
    Object.fromEntries(mirrors.map((mirror) => [`${mirror}/${place}`, actions]));

  test('the role of apply also sends marks if apps have mirrors', () => {
    expect(allowedTo('apply', mirrored)).toEqual({
      ...allowedTo('apply'),
      ...each('Marks/Queue', ['sqs:SendMessage']),
    });
  });

  test('the role of mirror receives marks, reads bindings, saves its state, and sends marks and checks', () => {
    expect(allowedTo('mirror', mirrored)).toEqual({
      ...each('Marks/Queue', [...receiving, 'sqs:SendMessage']),
      ...each('Checks/Queue', ['sqs:SendMessage']),
      ...each('Secret', ['secretsmanager:GetSecretValue']),
      'Credentials/pseudonyms': ['secretsmanager:GetSecretValue'],
      Registry: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      'mirror-log': logging,
    });
  });

  test('the role of verify receives checks, reads bindings, saves its state, and sends marks and checks', () => {
    expect(allowedTo('verify', mirrored)).toEqual({
      ...each('Checks/Queue', [...receiving, 'sqs:SendMessage']),
      ...each('Marks/Queue', ['sqs:SendMessage']),
      ...each('Secret', ['secretsmanager:GetSecretValue']),
      'Credentials/pseudonyms': ['secretsmanager:GetSecretValue'],
      Registry: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
      'verify-log': logging,
    });
  });

  test('the role of sweep reads the table, deletes entries, and sends checks', () => {
    const Registry = ['BatchGetItem', 'DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan'].map(
      (action) => `dynamodb:${action}`,
    );
    expect(allowedTo('sweep')).toEqual({ Registry, 'sweep-log': logging });
    expect(allowedTo('sweep', mirrored)).toEqual({
      Registry,
      ...each('Checks/Queue', ['sqs:SendMessage']),
      'sweep-log': logging,
    });
  });

  test('no other function than mirror and verify reads the secret of a hosted API', () => {
    for (const door of DOORS)
      expect(Object.keys(allowedTo(door, mirrored)).filter((path) => path.endsWith('/Secret'))).toEqual([]);
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
    const roles = mirrored.template.findResources('AWS::IAM::Role');
    const others = Object.entries(roles).filter(([id]) => mirrored.paths.get(id) !== 'sweep-role');
    expect(others).toHaveLength(Object.keys(roles).length - 1);
    expect(JSON.stringify(others)).not.toMatch(/dynamodb:(?:Scan|\w*Delete|BatchWrite)/);
    expect(JSON.stringify(roles)).not.toMatch(/dynamodb:(?:[^"]*\*|PartiQL)/);
  });

  test("a function has no policy besides its role's own", () => {
    expect(template.findResources('AWS::IAM::Policy')).toEqual({});
    expect(template.findResources('AWS::IAM::ManagedPolicy')).toEqual({});
    for (const door of DOORS) {
      const { Role: role } = z.object({ Role: Ref }).parse(propertiesAt(door));
      expect(paths.get(role)).toBe(`${door}-role`);
    }
  });
});

test('the environment of a function has the variables that it reads, and no others', () => {
  const schemas = {
    events: EventsEnvironment,
    'account-api': AccountApiEnvironment,
    apply: ApplyEnvironment,
    sweep: SweepEnvironment,
    mirror: MirrorEnvironment,
    verify: MirrorEnvironment,
  };
  for (const door of ALL_DOORS) {
    expect(z.strictObject(schemas[door].shape).safeParse(variablesOf(door, mirrored)).error, door).toBeUndefined();
  }
  expect(EventsEnvironment.parse(variablesOf('events')).BINDERY_CONFIG).toEqual(CONFIGURATION);
});

test('an HTTP door gets no settings of mirrors, and account-api no sources', () => {
  const apps = MIRRORED.apps.map(({ mirror: _, ...app }) => app);
  const given = (door: settings.HttpDoor) => JSON.parse(`${variablesOf(door, mirrored)['BINDERY_CONFIG']}`);
  const read = (app: unknown) => App.parse(app);
  expect(given('events').apps.map(read)).toEqual(apps);
  expect(given('events').sources).toEqual(MIRRORED.sources);
  expect(Object.keys(given('account-api'))).toEqual(['apps']);
  expect(given('account-api').apps.map(read)).toEqual(apps);
});

test('mirror and verify get all settings of mirrors, and HTTP doors none', () => {
  const { MIRRORS } = MirrorEnvironment.parse(variablesOf('mirror', mirrored));
  expect(MIRRORS.map(({ app }) => app)).toEqual(MIRRORED.apps);
  expect(variablesOf('verify', mirrored)).toEqual(variablesOf('mirror', mirrored));
  const { BINDERY_CONFIG } = EventsEnvironment.parse(variablesOf('events', mirrored));
  expect(BINDERY_CONFIG.apps).toEqual(MIRRORED.apps.map(({ mirror: _, ...app }) => app));
  expect(variablesOf('account-api', mirrored)['BINDERY_CONFIG']).not.toContain('example');
});

test('default settings of a mirror take no space in the environment', () => {
  const text = `${variablesOf('mirror', mirrored)['MIRRORS']}`;
  expect(text).toContain('"callsPerS":5');
  expect(text).toContain('"settleS":120');
  expect(text).not.toMatch(/"mode"|"untyped"|"callsPerS":20|"settleS":60/);
});

test('an environment has the ARNs of secrets and no secret values', () => {
  const arn = expect.stringMatching(/^arn:aws[\w-]*:secretsmanager:[^"{}]*$/);
  expect(JSON.parse(`${variablesOf('events')['SOURCE_SECRETS']}`)).toEqual({ web: arn });
  expect(JSON.parse(`${variablesOf('account-api')['APP_SECRETS']}`)).toEqual({
    'shop-android': arn,
    'shop-ios': arn,
  });
  for (const { template } of [dev, mirrored])
    expect(JSON.stringify(template.toJSON())).not.toMatch(/\{\{resolve:|"SecretString"/);
});

test('an environment that is too large for Lambda stops the synthesis', () => {
  expect(() => Template.fromStack(stackOf({ configuration: crowd(40) }))).toThrow(
    /Lambda allows 4096: configure fewer apps/,
  );
});

test('a deployed environment is not larger than was estimated', () => {
  for (const door of ALL_DOORS) {
    const { Variables } = Environment.parse(mirrored.propertiesAt(door)).Environment;
    const estimate = environmentBytes(mirrored.stack, Variables);
    expect(Buffer.byteLength(JSON.stringify(variablesOf(door, mirrored))), door).toBeLessThanOrEqual(estimate);
  }
});

test('every function runs on Node 24 and arm64 with the timeout and memory of the settings', () => {
  for (const door of ALL_DOORS)
    expect(mirrored.propertiesAt(door)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: settings.TIMEOUT_S[door],
      MemorySize: settings.MEMORY_MB[door],
    });
});

test('every function writes its own log, in JSON, without lines for start and end', () => {
  for (const door of ALL_DOORS) {
    const { LoggingConfig } = z
      .object({ LoggingConfig: z.object({ LogGroup: Ref, LogFormat: z.string(), SystemLogLevel: z.string() }) })
      .parse(mirrored.propertiesAt(door));
    expect({ ...LoggingConfig, LogGroup: mirrored.paths.get(LoggingConfig.LogGroup) }).toEqual({
      LogGroup: `${door}-log`,
      LogFormat: 'JSON',
      SystemLogLevel: 'WARN',
    });
  }
});

test.each([
  ['', ownKey],
  [', also if apps have mirrors', mirroredOwnKey],
])(
  "the account's own key encrypts queues, table, secrets, logs and the topic of alarms%s",
  (_, { template, paths }) => {
    const key = { 'Fn::GetAtt': [[...paths].find(([, at]) => at === 'Key')?.[0], 'Arn'] };
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
  },
);

test("the account's own key is rotated by AWS and outlives the stack in prod", () => {
  ownKey.template.allResourcesProperties('AWS::KMS::Key', { EnableKeyRotation: true });
  const { template } = synthesized({ stage: 'prod', encryption: 'kms' });
  template.allResources('AWS::KMS::Key', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
});

test("the account's own key allows the logs of this stack only", () => {
  ownKey.template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Principal: { Service: { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.amazonaws.com']] } },
          Condition: {
            ArnLike: {
              'kms:EncryptionContext:aws:logs:arn': {
                'Fn::Join': ['', Match.arrayWith([':log-group:Bindery-dev-*'])],
              },
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

test('function URLs are two outputs without a slash at the end', () => {
  const { EventsUrl, AccountApiUrl, Url } = functionUrls.template.findOutputs('*');
  const host = { 'Fn::Select': [2, { 'Fn::Split': ['/', { 'Fn::GetAtt': [expect.anything(), 'FunctionUrl'] }] }] };
  for (const output of [EventsUrl, AccountApiUrl])
    expect(output?.['Value']).toEqual({ 'Fn::Join': ['', ['https://', host]] });
  expect(Url).toBeUndefined();
});

test('no concurrency is reserved by default', () => {
  template.allResourcesProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: Match.absent() });
});

test('the option doorConcurrency reserves executions for HTTP doors and not for the worker', () => {
  const { propertiesAt } = synthesized({ doorConcurrency: 50 });
  expect(propertiesAt('events')).toMatchObject({ ReservedConcurrentExecutions: 50 });
  expect(propertiesAt('account-api')).toMatchObject({ ReservedConcurrentExecutions: 50 });
  expect(propertiesAt('apply')).not.toHaveProperty('ReservedConcurrentExecutions');
});

test('the HTTP API has the routes of the settings, for every method', () => {
  const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
  const keys = routes.map(({ Properties }) => Properties.RouteKey);
  expect(keys.toSorted()).toEqual(settings.ROUTES.map(({ path }) => `ANY ${path}`).toSorted());
});

test('a route leads to the function that the settings name', () => {
  for (const { path, door } of settings.ROUTES) {
    const id = [...paths].find(([, at]) => at === door)?.[0];
    template.hasResourceProperties('AWS::Lambda::Permission', {
      FunctionName: { 'Fn::GetAtt': [id, 'Arn'] },
      SourceArn: { 'Fn::Join': ['', Match.arrayWith([`/*/*${path}`])] },
    });
  }
  template.allResourcesProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' });
});

test('a flood is throttled', () => {
  template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
    StageName: '$default',
    DefaultRouteSettings: {
      ThrottlingRateLimit: settings.THROTTLE.ratePerS,
      ThrottlingBurstLimit: settings.THROTTLE.burst,
    },
  });
});

test('the access log has no address, no path and no query string', () => {
  const { Format } = z
    .object({ AccessLogSettings: z.object({ Format: z.string() }) })
    .parse(propertiesAt('HttpApi/Stage')).AccessLogSettings;
  expect(JSON.parse(Format)).toMatchObject({ id: '$context.requestId', status: '$context.status' });
  expect(Format).not.toMatch(/identity|path|query|userAgent|authorizer|header/i);
});

const lasting = ['AWS::DynamoDB::GlobalTable', 'AWS::SecretsManager::Secret', 'AWS::SQS::Queue'];

test('the table, secrets and queues outlive the stack, except in dev', () => {
  for (const type of lasting)
    production.template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  production.template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
    Replicas: [Match.objectLike({ DeletionProtectionEnabled: true })],
  });
  expect(production.stack.terminationProtection).toBe(true);
});

test('everything is deleted with the stack in dev', () => {
  for (const type of lasting) template.allResources(type, { DeletionPolicy: 'Delete' });
  template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
    Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })],
  });
  expect(stack.terminationProtection).toBe(false);
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
  template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: settings.LOG_RETENTION_DAYS });
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
  const names = ['TableName', 'QueueName', 'RoleName', 'LogGroupName', 'SecretName', 'AlarmName', 'TopicName'];
  expect(named.filter((property) => names.includes(property))).toEqual([]);
  template.allResourcesProperties('AWS::CloudWatch::Dashboard', { DashboardName: Match.absent() });
  template.allResourcesProperties('AWS::Lambda::Function', { FunctionName: Match.absent() });
  template.allResourcesProperties('AWS::SecretsManager::Secret', { Name: Match.absent() });
});

describe('after a restore', () => {
  const restored = synthesized({ stage: 'prod', restoredTable: 'bindery-restored' });

  test('functions use the restored table, and their roles allow no other', () => {
    for (const door of DOORS) {
      const { Variables } = Environment.parse(restored.propertiesAt(door)).Environment;
      expect(Variables['REGISTRY_TABLE']).toBe('bindery-restored');
      expect(JSON.stringify(restored.propertiesAt(`${door}-role`))).toContain(':table/bindery-restored');
      expect(allowedTo(door, restored)).not.toHaveProperty('Registry');
    }
    expect(restored.template.findOutputs('TableName')).toMatchObject({ TableName: { Value: 'bindery-restored' } });
  });

  test("the stack's own table stays after a restore", () => {
    restored.template.allResources('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Retain' });
  });
});

test('the stack has outputs for its URL, table, queues, dashboard and secrets', () => {
  expect(Object.keys(template.findOutputs('*')).toSorted()).toEqual([
    'DashboardName',
    'OperationsQueueUrl',
    'ParkedQueueUrl',
    'SecretOfAppShopAndroid',
    'SecretOfAppShopIos',
    'SecretOfSourceWeb',
    'TableName',
    'Url',
  ]);
});

test('the stack has outputs for the queues and secrets of mirrors', () => {
  const known = Object.keys(template.findOutputs('*'));
  expect(
    Object.keys(mirrored.template.findOutputs('*'))
      .filter((name) => !known.includes(name))
      .toSorted(),
  ).toEqual([
    'MirrorDeadLettersUrlOfShopAndroid',
    'MirrorDeadLettersUrlOfShopIos',
    'MirrorQueueUrlOfShopAndroid',
    'MirrorQueueUrlOfShopIos',
    'MirrorSecretOfShopAndroid',
    'MirrorSecretOfShopIos',
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

test('every function has the tags service and stage', () => {
  production.template.allResourcesProperties('AWS::Lambda::Function', {
    Tags: [
      { Key: 'service', Value: 'bindery' },
      { Key: 'stage', Value: 'prod' },
    ],
  });
});

test('the dashboard has no tags, which CloudFormation does not know in every Region', () => {
  template.allResourcesProperties('AWS::CloudWatch::Dashboard', { Tags: Match.absent() });
});

test('Bindery fits into another stack', () => {
  const theirs = new Stack(app(), 'Shop');
  const { registry } = new Bindery(theirs, 'Push', { configuration: CONFIGURATION });
  Template.fromStack(theirs).hasResource('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Delete' });
  expect(Stack.of(registry)).toBe(theirs);
});

test('a wrong configuration ends in one line for each problem, and nothing else', async () => {
  const options = { stage: 'Prod', front: 'alb', encryption: 'yes', alarmEmail: 'ops', doorConcurrency: '0' };
  const CDK_CONTEXT_JSON = JSON.stringify({ ...cdk.context, ...options, config: 'none.json' });
  const synthesis = promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', 'infra/app.ts'], {
    env: { ...process.env, CDK_CONTEXT_JSON },
  });
  await expect(synthesis).rejects.toMatchObject({
    code: 1,
    stderr: [
      '-c stage: must be 1 to 20 lower-case letters, digits or "-", and start with a letter',
      '-c front: must be "http-api" or "function-url"',
      '-c encryption: must be "aws" or "kms"',
      '-c alarmEmail: must be an e-mail address',
      '-c doorConcurrency: must be 1 or more',
      'none.json: cannot be read\n',
    ].join('\n'),
  });
});
