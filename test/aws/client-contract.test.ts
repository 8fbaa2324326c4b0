import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Action, type AwsClient, type Input, Refused, type Service } from '../../functions/aws/calls.ts';
import { awsClient } from '../../functions/aws/client.ts';
import { startDynamodb, startSecrets, startSqs } from '../../local/aws/servers.ts';
import { at } from './local-client.ts';
import { type Asked, error, scriptedServer } from './scripted-server.ts';
import { overSdk } from './sdk-client.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
const sdkAt = <S extends Service>(service: S, endpoint: string) =>
  overSdk(service, { endpoint, region, credentials, maxAttempts: 3 });
const both = <S extends Service>(service: S, url: string): AwsClient<S>[] => [
  awsClient(service, at(url)),
  sdkAt(service, url),
];

/** The result of a call: its output, its expected error with the fields, or the name of any other. */
const resultOf = (called: Promise<unknown>): Promise<unknown> =>
  called.then(
    (output) => (output instanceof Refused ? { refused: output.details['Item'] } : output),
    ({ reason }: { reason?: string }) => reason,
  );

const key = { pk: { S: 'T#shop#tóken 📱' }, sk: { S: 'D' } };
const TableName = 'registry';
const MISSED = { ConditionExpression: 'version = :known', ExpressionAttributeValues: { ':known': { N: '7' } } };
const CONDITIONAL = 'ConditionalCheckFailedException';

type Step<A extends Action<'dynamodb'> = Action<'dynamodb'>> = readonly [A, Input<'dynamodb', A>];
const step = <A extends Action<'dynamodb'>>(action: A, input: Input<'dynamodb', A>): Step =>
  [action, input] as unknown as Step; // the pair of one action

/** Every call that the stores make, in an order in which each has something to find. */
const STEPS: readonly Step[] = [
  step('PutItem', { TableName, Item: { ...key, version: { N: '1' }, edges: { M: { 'ä\n"': { S: 'x' } } } } }),
  step('GetItem', { TableName, Key: key, ConsistentRead: true }),
  step('GetItem', { TableName, Key: { ...key, sk: { S: 'nothing' } } }),
  step('UpdateItem', { TableName, Key: key, UpdateExpression: 'SET a = :known', ...MISSED }),
  step('UpdateItem', {
    ...{ TableName, Key: key, UpdateExpression: 'SET a = :known', ...MISSED },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }),
  step('UpdateItem', {
    ...{ TableName, Key: key, UpdateExpression: 'SET #a = :a REMOVE edges' },
    ...{ ExpressionAttributeNames: { '#a': 'a' }, ExpressionAttributeValues: { ':a': { N: '1.5' } } },
  }),
  step('BatchGetItem', { RequestItems: { [TableName]: { Keys: [key, { ...key, sk: { S: 'M' } }] } } }),
  step('Query', {
    ...{ TableName, KeyConditionExpression: 'pk = :pk AND begins_with(sk, :d)', ConsistentRead: true },
    ExpressionAttributeValues: { ':pk': key.pk, ':d': { S: 'D' } },
  }),
  step('Scan', { TableName, Limit: 1 }),
  step('BatchExecuteStatement', {
    Statements: [
      {
        Statement: `INSERT INTO "registry" VALUE {'pk': ?, 'sk': ?, 'edge': ?}`,
        Parameters: [key.pk, { S: 'T#1' }, { S: 'e' }],
      },
      {
        Statement: 'UPDATE "registry" SET "edge"=? WHERE "pk"=? AND "sk"=? AND "edge"<?',
        Parameters: [{ S: 'a' }, key.pk, { S: 'none' }, { S: 'a' }],
      },
    ],
  }),
  step('DeleteItem', { TableName, Key: key, ...MISSED }),
  step('DeleteItem', { TableName, Key: key }),
  step('GetItem', { TableName: 'nowhere', Key: key }),
  step('GetItem', { TableName, Key: { pk: key.pk } }),
];

test('the table gets the same requests from our client as from the SDK, and both the same results', async () => {
  const table = async (of: (url: string) => AwsClient<'dynamodb'>) => {
    const { url, stop } = await startDynamodb();
    const sdk = new DynamoDBClient({ endpoint: url, region, credentials });
    const names = ['pk', 'sk'] as const;
    await sdk.send(
      new CreateTableCommand({
        ...{ TableName, BillingMode: 'PAY_PER_REQUEST' },
        AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        KeySchema: names.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
      }),
    );
    const results: unknown[] = [];
    for (const [action, input] of STEPS) results.push(await resultOf(of(url).attempt(action, input, CONDITIONAL)));
    sdk.destroy();
    await stop();
    return results;
  };
  const ours = await table((url) => awsClient('dynamodb', at(url)));
  expect(ours).toEqual(await table((url) => sdkAt('dynamodb', url)));
  expect(ours.filter((result) => typeof result === 'string')).toEqual([
    'ResourceNotFoundException',
    'ValidationException',
  ]);
});

test('the queue gets the same message from our client as from the SDK', async () => {
  const { url, stop } = await startSqs();
  const sdk = new SQSClient({ endpoint: url, region, credentials });
  await sdk.send(new CreateQueueCommand({ QueueName: 'operations' }));
  const QueueUrl = `${url}/000000000000/operations`;
  const results: unknown[] = [];
  for (const client of both('sqs', url)) {
    const { MessageId, ...sent } = await client.call('SendMessage', { QueueUrl, MessageBody: '{"ä":"x"}' });
    const { Messages } = await sdk.send(new ReceiveMessageCommand({ QueueUrl }));
    const missing = await resultOf(client.call('SendMessage', { QueueUrl: `${QueueUrl}-not`, MessageBody: 'x' }));
    results.push([sent, Messages?.map(({ Body, MessageId: id }) => [Body, id === MessageId]), missing]);
  }
  sdk.destroy();
  await stop();
  expect(results[0]).toEqual(results[1]);
  expect(results[0]).toEqual([expect.any(Object), [['{"ä":"x"}', true]], 'QueueDoesNotExist']);
});

test('a secret, a missing version and a missing secret are the same for our client and the SDK', async () => {
  const { url, stop } = await startSecrets(new Map([['one', { AWSCURRENT: 'text' }]]));
  const results: unknown[] = [];
  for (const { call } of both('secretsmanager', url))
    results.push([
      (await call('GetSecretValue', { SecretId: 'one' })).SecretString,
      await resultOf(call('GetSecretValue', { SecretId: 'one', VersionStage: 'AWSPREVIOUS' })),
      await resultOf(call('GetSecretValue', { SecretId: 'two' })),
    ]);
  await stop();
  expect(results[0]).toEqual(results[1]);
  expect(results[0]).toEqual(['text', 'ResourceNotFoundException', 'ResourceNotFoundException']);
});

/** A call of each service, and the errors that its API reference or the common errors document, by status. */
const DYNAMODB = {
  400: [
    ...['AccessDeniedException', CONDITIONAL, 'ItemCollectionSizeLimitExceededException', 'LimitExceededException'],
    ...['ProvisionedThroughputExceededException', 'ReplicatedWriteConflictException', 'RequestLimitExceeded'],
    ...['ResourceNotFoundException', 'SerializationException', 'ThrottlingException', 'TransactionConflictException'],
    ...['UnrecognizedClientException', 'ValidationException', 'MissingAuthenticationTokenException'],
    ...['IncompleteSignatureException', 'IncompleteSignature', 'InternalFailure', 'DuplicateItemException'],
  ],
  500: ['InternalServerError', 'InternalFailure'],
  503: ['ServiceUnavailable', 'ServiceUnavailableException'],
} as const;
const SQS = {
  400: [
    ...['InvalidAddress', 'InvalidMessageContents', 'InvalidSecurity', 'KmsAccessDenied', 'KmsDisabled'],
    ...['KmsInvalidKeyUsage', 'KmsInvalidState', 'KmsNotFound', 'KmsOptInRequired', 'QueueDoesNotExist'],
    ...['RequestThrottled', 'UnsupportedOperation', 'InvalidParameterValueException', 'ThrottlingException'],
  ],
  403: ['AccessDeniedException', 'OptInRequired', 'InvalidClientTokenId'],
  500: ['InternalFailure'],
  503: ['ServiceUnavailable'],
} as const;
const SECRETS = {
  400: [
    ...['DecryptionFailure', 'InvalidParameterException', 'InvalidRequestException', 'ResourceNotFoundException'],
    ...['AccessDeniedException', 'ThrottlingException', 'ExpiredTokenException', 'NotAuthorized'],
  ],
  500: ['InternalServiceError'],
} as const;

const errorsOf = (errors: Readonly<Record<number, readonly string[]>>) =>
  Object.entries(errors).flatMap(([status, names]) => names.map((name) => ({ status: Number(status), name })));

/** The parts of a request that have a meaning to the service. */
const meaningOf = ({ headers, body }: Asked) => ({
  target: headers['x-amz-target'],
  type: headers['content-type'],
  credential: /Credential=[^,]+/.exec(`${headers['authorization']}`)?.[0],
  body,
});

describe('errors', () => {
  beforeEach(() => vi.spyOn(Math, 'random').mockReturnValue(0));
  afterEach(() => vi.restoreAllMocks());

  const alike = <S extends Service, A extends Action<S>>(
    service: S,
    action: A,
    input: Input<S, A>,
    errors: Readonly<Record<number, readonly string[]>>,
  ) =>
    test.each(errorsOf(errors))(`${action} meets $status $name as the SDK does, in as many tries`, async (one) => {
      const results: unknown[] = [];
      for (const of of [awsClient, sdkAt] as const) {
        const { url, asked } = await scriptedServer(error(one.name, one.status));
        const client = of === awsClient ? awsClient(service, at(url)) : sdkAt(service, url);
        results.push([await resultOf(client.call(action, input)), asked.map(meaningOf)]);
      }
      expect(results[0]).toEqual(results[1]);
      expect(results[0]).toEqual([one.name, expect.arrayContaining([expect.objectContaining({ body: input })])]);
    });

  alike('dynamodb', 'UpdateItem', { TableName, Key: key, UpdateExpression: 'SET a = :a' }, DYNAMODB);
  alike('sqs', 'SendMessage', { QueueUrl: 'http://x/1/operations', MessageBody: 'ä📱', DelaySeconds: 1 }, SQS);
  alike('secretsmanager', 'GetSecretValue', { SecretId: 'one', VersionStage: 'AWSCURRENT' }, SECRETS);

  // The SDK gives up at once. A key that KMS throttles is free again soon, and the event would be refused with 503.
  test('a call is tried again where KMS throttles the queue', async () => {
    const { url, asked } = await scriptedServer(error('KmsThrottled'), { body: '{"MessageId":"m"}' });
    const send = awsClient('sqs', at(url)).call('SendMessage', { QueueUrl: 'q', MessageBody: 'x' });
    expect(await send).toEqual({ MessageId: 'm' });
    expect(asked).toHaveLength(2);
  });
});
