import { Buffer } from 'node:buffer';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { App, CfnElement, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import cdk from '../../cdk.json' with { type: 'json' };
import { AccountApiEnvironment, ApplyEnvironment, EventsEnvironment } from '../../functions/adapters/environment.ts';
import { Configuration } from '../../functions/core/configuration.ts';
import { Bindery } from '../../infra/bindery.ts';
import { environmentBytes } from '../../infra/environment-size.ts';
import * as settings from '../../infra/settings.ts';
import { BinderyStack } from '../../infra/stack.ts';

const CONFIGURATION = Configuration.parse({
  apps: [
    { id: 'shop-android', dialect: 'xg', platform: 'android' },
    { id: 'shop-ios', dialect: 'tpns', platform: 'ios' },
  ],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['shop-android', 'shop-ios'] }],
});

const MIRRORED = Configuration.parse({
  apps: [
    {
      id: 'tv',
      dialect: 'tpns',
      policy: 'one-per-type',
      platform: 'android',
      mirror: { url: 'https://push.example', app: '1500', dialect: 'tpns' },
    },
  ],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['tv'] }],
});

/** So many apps, and a source that reaches the first of them. */
const crowd = (apps: number) =>
  Configuration.parse({
    apps: Array.from({ length: apps }, (_, i) => ({ id: `app-${i}`, dialect: 'xg', platform: 'android' })),
    sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['app-0'] }],
  });

/** As `cdk synth` has it, but without bundling the functions. */
const app = () => new App({ context: { ...cdk.context, 'aws:cdk:bundling-stacks': [] } });

const stackOf = (configuration: Configuration, stage = 'dev') =>
  new BinderyStack(app(), `Bindery-${stage}`, { configuration, stage });

const synthesized = (stage: string) => {
  const stack = stackOf(CONFIGURATION, stage);
  return { stack, template: Template.fromStack(stack) };
};

const DOORS = ['events', 'account-api', 'apply'] as const;
const { stack, template } = synthesized('dev');
const production = synthesized('prod');

const Statement = z.strictObject({
  Effect: z.literal('Allow'),
  Action: z.union([z.string().transform((action) => [action]), z.array(z.string())]),
  Resource: z.unknown(),
});
/** Strict: a managed policy would be a surprise. */
const Role = z.strictObject({
  AssumeRolePolicyDocument: z.unknown(),
  Tags: z.unknown(),
  Policies: z.tuple([z.object({ PolicyDocument: z.object({ Statement: z.array(Statement) }) })]),
});
const Environment = z.object({ Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }) });
const Ref = z.union([
  z.strictObject({ Ref: z.string() }).transform((ref) => ref.Ref),
  z.strictObject({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('Arn')]) }).transform((get) => get['Fn::GetAtt'][0]),
]);

/** Logical ids and the constructs' paths, which a person can read. */
const paths = new Map(
  stack.node
    .findAll()
    .filter((node) => CfnElement.isCfnElement(node))
    .map((element) => [
      `${stack.resolve(element.logicalId)}`,
      element.node.path.replace(/^Bindery-dev\/(Bindery\/)?/, '').replace(/\/Resource$/, ''),
    ]),
);
const propertiesAt = (path: string): unknown => {
  const [id] = [...paths].find(([, at]) => at === path) ?? [];
  return template.toJSON()['Resources'][`${id}`].Properties;
};

/** What a role may do, action lists by the path of the resource. A resource that is not one of ours is left as it is. */
const allowedTo = (door: settings.Door) => {
  const [policy] = Role.parse(propertiesAt(`${door}-role`)).Policies;
  const entries = policy.PolicyDocument.Statement.flatMap(({ Action, Resource }) =>
    [Resource].flat().map((resource) => {
      const ref = Ref.safeParse(resource);
      return [ref.success ? `${paths.get(ref.data)}` : JSON.stringify(resource), Action.toSorted()] as const;
    }),
  );
  expect(new Set(entries.map(([resource]) => resource)).size, 'no resource stands twice').toBe(entries.length);
  return Object.fromEntries(entries);
};

/** A template's value as deployed, where names have been given: the longest that a Region makes. */
const deployed = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const ref = Ref.safeParse(value);
  if (!ref.success) {
    const join = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) }).parse(value);
    return join['Fn::Join'][1].map(deployed).join('');
  }
  const place = paths.get(ref.data) ?? '';
  const name = `${ref.data}-AbCdEfGhIjKl`;
  if (place.startsWith('Credentials/'))
    return `arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:${name}-AbCdEf`;
  if (place.startsWith('Operations/'))
    return `https://sqs.us-gov-west-1.amazonaws.com/123456789012/Bindery-dev-${name}`;
  return `Bindery-dev-${name}`;
};

const variablesOf = (door: settings.Door): Record<string, string> => {
  const { Variables } = Environment.parse(propertiesAt(door)).Environment;
  return Object.fromEntries(Object.entries(Variables).map(([name, value]) => [name, deployed(value)]));
};

describe('the queue', () => {
  test('a failed message returns alone', () => {
    expect(propertiesAt('Operations/Feed')).toMatchObject({ FunctionResponseTypes: ['ReportBatchItemFailures'] });
  });

  test('apply takes what is there, in batches and in as many places as the settings say', () => {
    template.allResourcesProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: settings.EVENT_SOURCE.batchSize,
      ScalingConfig: { MaximumConcurrency: settings.EVENT_SOURCE.maxConcurrency },
      MaximumBatchingWindowInSeconds: Match.absent(),
    });
    const { FunctionName } = z.object({ FunctionName: Ref }).parse(propertiesAt('Operations/Feed'));
    expect(paths.get(FunctionName)).toBe('apply');
  });

  test("a message waits six times the function's timeout before it is seen again", () => {
    expect(propertiesAt('apply')).toMatchObject({ Timeout: settings.TIMEOUT_S.apply });
    expect(propertiesAt('Operations/Queue')).toMatchObject({ VisibilityTimeout: 6 * settings.TIMEOUT_S.apply });
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

  test('a loop of functions is stopped', () => {
    template.allResourcesProperties('AWS::Lambda::Function', { RecursiveLoop: Match.absent() });
  });
});

describe('least privilege', () => {
  const applying = ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
  const logging = ['logs:CreateLogStream', 'logs:PutLogEvents'];

  test('events sends, applies and reads the secrets of sources', () => {
    expect(allowedTo('events')).toEqual({
      'Operations/Queue': ['sqs:SendMessage'],
      Registry: applying,
      'Credentials/source web': ['secretsmanager:GetSecretValue'],
      'events-log': logging,
    });
  });

  test('account-api sends, applies, queries and reads the secrets of apps', () => {
    expect(allowedTo('account-api')).toEqual({
      'Operations/Queue': ['sqs:SendMessage'],
      Registry: [...applying, 'dynamodb:Query'].toSorted(),
      'Credentials/app shop-android': ['secretsmanager:GetSecretValue'],
      'Credentials/app shop-ios': ['secretsmanager:GetSecretValue'],
      'account-api-log': logging,
    });
  });

  test('apply receives, applies and parks', () => {
    expect(allowedTo('apply')).toEqual({
      'Operations/Queue': [
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ReceiveMessage',
      ],
      'Operations/Parked': ['sqs:SendMessage'],
      Registry: applying,
      'apply-log': logging,
    });
  });

  test('no function can scan or delete from the table', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/dynamodb:(?:\*|Scan|\w*Delete|PartiQL|Batch\*|BatchWrite)/);
  });

  test("a role's own list is all it may do", () => {
    expect(template.findResources('AWS::IAM::Policy')).toEqual({});
    expect(template.findResources('AWS::IAM::ManagedPolicy')).toEqual({});
    for (const door of DOORS) {
      const { Role: role } = z.object({ Role: Ref }).parse(propertiesAt(door));
      expect(paths.get(role)).toBe(`${door}-role`);
    }
  });
});

describe('functions', () => {
  test('each finds in its environment what it reads, and nothing else', () => {
    const schemas = { events: EventsEnvironment, 'account-api': AccountApiEnvironment, apply: ApplyEnvironment };
    for (const door of DOORS) {
      expect(schemas[door].strict().safeParse(variablesOf(door)).error, door).toBeUndefined();
    }
    expect(EventsEnvironment.parse(variablesOf('events')).BINDERY_CONFIG).toEqual(CONFIGURATION);
  });

  test('no secret value stands in an environment: only where to read it', () => {
    const arn = expect.stringMatching(/^arn:aws[\w-]*:secretsmanager:[^"{}]*$/);
    expect(JSON.parse(`${variablesOf('events')['SOURCE_SECRETS']}`)).toEqual({ web: arn });
    expect(JSON.parse(`${variablesOf('account-api')['APP_SECRETS']}`)).toEqual({
      'shop-android': arn,
      'shop-ios': arn,
    });
    expect(JSON.stringify(template.toJSON())).not.toMatch(/\{\{resolve:|"SecretString"/);
  });

  test('an environment that Lambda would refuse stops the synthesis', () => {
    expect(() => Template.fromStack(stackOf(crowd(40)))).toThrow(/Lambda allows 4096: configure fewer apps/);
  });

  test('a deployed environment is not larger than was estimated', () => {
    for (const door of DOORS) {
      const { Variables } = Environment.parse(propertiesAt(door)).Environment;
      const estimate = environmentBytes(stack, Variables);
      expect(Buffer.byteLength(JSON.stringify(variablesOf(door))), door).toBeLessThanOrEqual(estimate);
    }
  });

  test('they run on Node 24 and arm64 for as long as the settings say', () => {
    for (const door of DOORS)
      expect(propertiesAt(door)).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Timeout: settings.TIMEOUT_S[door],
        MemorySize: settings.MEMORY_MB[door],
      });
  });

  test('each writes its own log, in JSON, without a line for every start and end', () => {
    for (const door of DOORS) {
      const { LoggingConfig } = z
        .object({ LoggingConfig: z.object({ LogGroup: Ref, LogFormat: z.string(), SystemLogLevel: z.string() }) })
        .parse(propertiesAt(door));
      expect({ ...LoggingConfig, LogGroup: paths.get(LoggingConfig.LogGroup) }).toEqual({
        LogGroup: `${door}-log`,
        LogFormat: 'JSON',
        SystemLogLevel: 'WARN',
      });
    }
  });
});

describe('the HTTP API', () => {
  test('routes are those of the settings, whatever the method', () => {
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

  test('its log names no person: no address, no path, no query string', () => {
    const { Format } = z
      .object({ AccessLogSettings: z.object({ Format: z.string() }) })
      .parse(propertiesAt('HttpApi/Stage')).AccessLogSettings;
    expect(JSON.parse(Format)).toMatchObject({ id: '$context.requestId', status: '$context.status' });
    expect(Format).not.toMatch(/identity|path|query|userAgent|authorizer|header/i);
  });
});

describe('what is kept', () => {
  const lasting = ['AWS::DynamoDB::GlobalTable', 'AWS::SecretsManager::Secret', 'AWS::SQS::Queue'];

  test('outside dev the table outlives the stack, and so do secrets and queues', () => {
    for (const type of lasting)
      production.template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    production.template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: true })],
    });
    expect(production.stack.terminationProtection).toBe(true);
  });

  test('in dev everything goes with the stack', () => {
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

  test('nothing has a name of its own, so that a second stack fits beside the first', () => {
    const named = Object.values(template.toJSON()['Resources']).flatMap((resource) =>
      Object.keys(z.object({ Properties: z.record(z.string(), z.unknown()).default({}) }).parse(resource).Properties),
    );
    const names = ['TableName', 'QueueName', 'RoleName', 'LogGroupName', 'SecretName'];
    expect(named.filter((property) => names.includes(property))).toEqual([]);
    template.allResourcesProperties('AWS::Lambda::Function', { FunctionName: Match.absent() });
    template.allResourcesProperties('AWS::SecretsManager::Secret', { Name: Match.absent() });
  });
});

describe('who deploys it', () => {
  test("an app's mirror is warned about", () => {
    const warning = Match.stringLikeRegexp('mirror of app "tv" is not fed by this version');
    Annotations.fromStack(stackOf(MIRRORED)).hasWarning('*', warning);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('the stack says where everything is', () => {
    expect(Object.keys(template.findOutputs('*')).toSorted()).toEqual([
      'OperationsQueueUrl',
      'ParkedQueueUrl',
      'SecretOfAppShopAndroid',
      'SecretOfAppShopIos',
      'SecretOfSourceWeb',
      'TableName',
      'Url',
    ]);
  });

  test('two ids that would be one output are told apart by renaming', () => {
    const [shop] = CONFIGURATION.apps;
    const apps = ['my-app', 'my_app'].map((id) => ({ ...shop, id }));
    const configuration = Configuration.parse({
      apps,
      sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['my-app'] }],
    });
    expect(() => Template.fromStack(stackOf(configuration))).toThrow(/the output "SecretOfAppMyApp": rename one/);
  });

  test('everything carries the service and its stage', () => {
    production.template.allResourcesProperties('AWS::Lambda::Function', {
      Tags: [
        { Key: 'service', Value: 'bindery' },
        { Key: 'stage', Value: 'prod' },
      ],
    });
  });

  test("Bindery fits into somebody else's stack", () => {
    const theirs = new Stack(app(), 'Shop');
    const { registry } = new Bindery(theirs, 'Push', { configuration: CONFIGURATION });
    Template.fromStack(theirs).hasResource('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Delete' });
    expect(Stack.of(registry)).toBe(theirs);
  });

  test('a wrong configuration ends in lines that say what is wrong, and nothing else', async () => {
    const CDK_CONTEXT_JSON = JSON.stringify({ ...cdk.context, stage: 'Prod', config: 'none.json' });
    const synthesis = promisify(execFile)(process.execPath, ['--disable-warning=ExperimentalWarning', 'infra/app.ts'], {
      env: { ...process.env, CDK_CONTEXT_JSON },
    });
    await expect(synthesis).rejects.toMatchObject({
      code: 1,
      stderr: '-c stage: is 1 to 20 lower-case letters, digits or "-", a letter first\nnone.json: cannot be read\n',
    });
  });
});
