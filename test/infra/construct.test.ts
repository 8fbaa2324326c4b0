import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { expect, test } from 'vitest';
import { Bindery } from '../../infra/bindery.ts';
import { app, COMPLETE, CONFIGURATION } from './synthesis.ts';

/** Names of resources that an account has once. */
const NAMED = {
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::SecretsManager::Secret': 'Name',
  'AWS::IAM::Role': 'RoleName',
};

/** A stack of another app with Bindery and a role in it. */
function foreign(configuration: ConstructorParameters<typeof Bindery>[2]['configuration'] = COMPLETE) {
  const stack = new Stack(app(), 'Shop');
  const bindery = new Bindery(stack, 'Push', { configuration });
  const role = new Role(stack, 'Sender', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  const granted = () =>
    Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy')).flatMap(
      ({ Properties }) => Properties.PolicyDocument.Statement,
    );
  return { stack, bindery, role, granted };
}

test('a stack of another app reads the addresses and secrets of Bindery as properties', () => {
  const { stack, bindery } = foreign();
  expect(stack.resolve(bindery.url)).toEqual(stack.resolve(bindery.eventsUrl));
  expect(stack.resolve(bindery.resolveUrl)).toEqual(stack.resolve(bindery.url));
  const secret = (id: string, kind?: 'apps' | 'readers') => stack.resolve(bindery.secretOf(id, kind).secretArn);
  expect(secret('web')).toEqual({ Ref: expect.stringMatching(/^PushCredentialssourceweb/) });
  expect(secret('shop-ios', 'apps')).toEqual({ Ref: expect.stringMatching(/^PushCredentialsappshopios/) });
  expect(secret('push', 'readers')).toEqual({ Ref: expect.stringMatching(/^PushCredentialsreaderpush/) });
  expect(stack.resolve(bindery.parkedQueue.queueUrl)).toEqual({ Ref: expect.stringMatching(/^PushOperationsParked/) });
});

test('a secret that does not exist is refused with the known ones', () => {
  expect(() => foreign().bindery.secretOf('wbe')).toThrow('there is no secret of "wbe": known are web');
});

test('function URLs are properties for each door, and the one URL of all is refused', () => {
  const { stack, bindery } = foreign({ ...CONFIGURATION, stages: { dev: { front: 'function-url' } } });
  expect(stack.resolve(bindery.eventsUrl)).not.toEqual(stack.resolve(bindery.accountApiUrl));
  expect(() => bindery.url).toThrow('this front has no Url, only EventsUrl, AccountApiUrl');
  expect(() => bindery.resolveUrl).toThrow('this front has no ResolveUrl');
});

test('a sender of messages gets the right to read the secret of its reader', () => {
  const { stack, bindery, role, granted } = foreign();
  bindery.grantRead(role);
  const Resource = stack.resolve(bindery.secretOf('push', 'readers').secretArn);
  expect(granted()).toContainEqual(expect.objectContaining({ Effect: 'Allow', Resource }));
});

test('a back end gets the right to send to the queue of its source, or to read the secret of its source', () => {
  const { stack, bindery, role, granted } = foreign();
  bindery.grantSend(role, 'shop');
  bindery.grantSend(role, 'web');
  const queue = bindery.intake?.queues.find(({ source }) => source.id === 'shop')?.queue;
  expect(granted()).toContainEqual(
    expect.objectContaining({
      Action: expect.arrayContaining(['sqs:SendMessage']),
      Resource: stack.resolve(queue?.queueArn),
    }),
  );
  expect(granted()).toContainEqual(
    expect.objectContaining({ Resource: stack.resolve(bindery.secretOf('web').secretArn) }),
  );
});

test('an existing secret is a property as a generated one is', () => {
  const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:web-AbCdEf';
  const { bindery } = foreign({ ...CONFIGURATION, stages: { dev: { secretArns: { sources: { web: arn } } } } });
  expect(bindery.secretOf('web').secretArn).toBe(arn);
});

test('two of Bindery fit into one stack, and share no name', () => {
  const stack = new Stack(app(), 'Shop');
  for (const id of ['Push', 'Other']) new Bindery(stack, id, { configuration: COMPLETE });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::ApiGatewayV2::Api', 2);
  const names = { 'AWS::Logs::LogGroup': 'LogGroupName', 'AWS::SQS::Queue': 'QueueName', ...NAMED };
  for (const [type, name] of Object.entries(names)) {
    const resources = Object.values(template.findResources(type)).map(({ Properties }) => Properties[name]);
    const given = resources.filter((value) => value !== undefined).map((value) => JSON.stringify(value));
    expect(new Set(given).size, type).toBe(given.length);
  }
});

test('a bindery.json is given by its path too', () => {
  expect(() => foreign('no.json')).toThrow('no.json: does not exist');
});
