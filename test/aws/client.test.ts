import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { placeOf, Refused } from '../../functions/aws/calls.ts';
import { awsClient, signerFor } from '../../functions/aws/client.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { serving } from '../conformance/http-server.ts';
import { at, localClient } from './local-client.ts';
import { type Answer, error, scriptedServer } from './scripted-server.ts';

beforeEach(() => vi.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => vi.restoreAllMocks());

const GET = { TableName: 't', Key: { pk: { S: 'x' }, sk: { S: 'D' } } };
const OK = { body: '{}' };

// AWS Signature Version 4 Test Suite: credentials, date and signatures of its cases with these names.
const EXAMPLE = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const HEADERS = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' };
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test.each([
  ['post-vanilla', HEADERS, '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-sts-header-before',
    { ...HEADERS, 'x-amz-security-token': TOKEN },
    '',
    '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  ],
  [
    'post-x-www-form-urlencoded',
    { ...FORM, ...HEADERS },
    'Param1=value1',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
])("a signature is the one of AWS's test suite: %s", (_, headers, body, signature) => {
  const sign = signerFor('us-east-1', 'service');
  const names = Object.keys(headers).join(';');
  for (let i = 0; i < 2; i++)
    expect(sign(EXAMPLE, headers, body)).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
    );
});

test('a signature follows the secret and the day, though the key of a day is made once', () => {
  const [kept, fresh] = [signerFor('us-east-1', 'sqs'), () => signerFor('us-east-1', 'sqs')];
  for (const secret of ['one', 'two', 'one'])
    for (const day of ['20150830', '20150831']) {
      const headers = { host: 'h', 'x-amz-date': `${day}T000000Z` };
      expect(kept({ id: 'a', secret }, headers, 'b')).toBe(fresh()({ id: 'a', secret }, headers, 'b'));
    }
});

test('credentials are read for each call, and a call without any is unavailable', async () => {
  const { url, asked } = await scriptedServer(OK);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const client = awsClient('dynamodb', { place: at(url).place });
  for (const name of ['ID', 'SESSION_TOKEN']) vi.stubEnv(`AWS_${name}`, undefined);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'first');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  await client.call('GetItem', GET);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'second');
  vi.stubEnv('AWS_SESSION_TOKEN', 'session');
  await client.call('GetItem', GET);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
  await expect(client.call('GetItem', GET)).rejects.toThrow(new Unavailable('CredentialsMissing'));
  expect(asked.map(({ headers }) => headers['x-amz-security-token'])).toEqual([undefined, 'session']);
  expect(asked[1]?.headers['authorization']).toContain('Credential=second/');
});

test('a throttled call and one that meets 500 are tried three times; any other error is final', async () => {
  const tries = async (...answers: Answer[]) => {
    const { url, asked } = await scriptedServer(...answers);
    const called = localClient('dynamodb', url).call('GetItem', GET);
    const result = await called.catch((thrown: Unavailable) => thrown.reason);
    return [result, asked.length];
  };
  expect(await tries(error('ThrottlingException'), error('InternalServerError', 500), OK)).toEqual([{}, 3]);
  expect(await tries(error('ThrottlingException'))).toEqual(['ThrottlingException', 3]);
  expect(await tries({ status: 503, body: '<html>canary</html>' })).toEqual(['Http503', 3]);
  expect(await tries({ status: 429, body: '' })).toEqual(['Http429', 3]);
  expect(await tries(error('ValidationException'))).toEqual(['ValidationException', 1]);
  expect(await tries({ status: 302, body: '' })).toEqual(['Http302', 1]);
  for (const body of ['', '{"Item":', 'null', '"canary"', '<html>']) {
    expect(await tries({ body }, { body }, OK)).toEqual([{}, 3]);
    expect(await tries({ body })).toEqual(['NoAnswer', 3]);
  }
});

test('no try begins that the time of the invocation might cut off', async () => {
  const { url, asked } = await scriptedServer(error('ThrottlingException'));
  let remainingMs = 1_499;
  const client = awsClient('dynamodb', { ...at(url), remainingMs: () => remainingMs });
  await expect(client.call('GetItem', GET)).rejects.toThrow(Unavailable);
  expect(asked).toHaveLength(1);
  remainingMs = 1_500;
  await expect(client.call('GetItem', GET)).rejects.toThrow(Unavailable);
  expect(asked).toHaveLength(4);
});

test('an expected error is a value with its fields, and the same error otherwise unavailable', async () => {
  const name = 'ConditionalCheckFailedException';
  const { url, asked } = await scriptedServer(error(name, 400, { Item: { pk: { S: 'x' } } }));
  const client = localClient('dynamodb', url);
  const refused = await client.attempt('UpdateItem', GET, name);
  expect(refused).toBeInstanceOf(Refused);
  expect(refused).toMatchObject({ details: { Item: { pk: { S: 'x' } } } });
  await expect(client.call('UpdateItem', GET)).rejects.toThrow(new Unavailable(name));
  expect(asked).toHaveLength(2);
});

test('a clock that is minutes off is corrected by the answer, for all calls that met it, and later ones', async () => {
  const HOUR_MS = 3_600_000;
  const dates = () => asked.map(({ headers }) => `${headers['x-amz-date']}`.slice(0, 11));
  const { url, asked } = await scriptedServer(error('InvalidSignatureException'), error('RequestExpired'), OK);
  const client = awsClient('dynamodb', { ...at(url), now: () => Date.now() - 24 * HOUR_MS });
  await Promise.all([client.call('GetItem', GET), client.call('GetItem', GET)]);
  await client.call('GetItem', GET);
  const day = (ms: number) => new Date(ms).toISOString().replaceAll('-', '').slice(0, 9);
  const [then, now] = [day(Date.now() - 24 * HOUR_MS), day(Date.now())];
  expect(dates().map((date) => date.slice(0, 9))).toEqual([then, then, now, now, now]);
});

test('a wrong signature with the right clock is final', async () => {
  const { url, asked } = await scriptedServer(error('InvalidSignatureException'));
  await expect(localClient('dynamodb', url).call('GetItem', GET)).rejects.toThrow('InvalidSignatureException');
  expect(asked).toHaveLength(1);
});

/** A table that answers, until a freeze: then it forgets all connections, and resets them or says nothing. */
async function forgetfulTable(kind: 'resets' | 'is silent on') {
  let connections = new Set<Socket>();
  const isOld = new WeakSet<Socket>();
  let reached: ServerResponse[] = [];
  let least = 1;
  const { url, close, server } = await serving(({ socket }, response) => {
    if (isOld.has(socket)) {
      if (kind === 'resets') socket.resetAndDestroy();
      return;
    }
    reached.push(response);
    if (reached.length < least) return;
    for (const one of reached) one.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
    reached = [];
  });
  server.on('connection', (socket) => connections.add(socket));
  const client = localClient('dynamodb', url);
  onTestFinished(close);
  return {
    /** Calls at the same time. The table answers when all have come, so that each has a connection of its own. */
    call: async (times: number) => {
      least = times;
      await Promise.all(Array.from({ length: times }, () => client.call('GetItem', GET)));
    },
    freeze: () => {
      for (const socket of connections) isOld.add(socket);
      const kept = connections.size;
      connections = new Set();
      return kept;
    },
  };
}

test.each(['resets', 'is silent on'] as const)(
  'the first calls after a freeze succeed though the other end %s all eight kept connections',
  async (kind) => {
    const { call, freeze } = await forgetfulTable(kind);
    await call(8);
    expect(freeze()).toBe(8);
    for (let i = 0; i < 5; i++) await call(1);
    await call(8);
    expect(freeze()).toBe(8);
    await call(8);
  },
);

test('a call that has waited for a connection of another one has the whole time for its answer', async () => {
  let asked = 0;
  const { url, close } = await serving((_, response) => {
    asked++;
    setTimeout(() => response.end('{}'), 700);
  });
  onTestFinished(close);
  const client = localClient('dynamodb', url);
  await Promise.all(Array.from({ length: 55 }, () => client.call('GetItem', GET)));
  expect(asked).toBe(55);
});

test('the endpoint is the configured one, or that of the Region in a public partition', () => {
  const endpoint = (environment: NodeJS.ProcessEnv) => placeOf('sqs', environment).endpoint;
  const AWS_REGION = 'eu-central-1';
  expect(endpoint({ AWS_REGION })).toBe('https://sqs.eu-central-1.amazonaws.com');
  expect(endpoint({ AWS_REGION: 'us-gov-west-1' })).toBe('https://sqs.us-gov-west-1.amazonaws.com');
  expect(endpoint({ AWS_REGION: 'cn-north-1' })).toBe('https://sqs.cn-north-1.amazonaws.com.cn');
  const given = { AWS_REGION, AWS_ENDPOINT_URL: 'http://all:1', AWS_ENDPOINT_URL_SQS: 'http://sqs:1' };
  expect(endpoint(given)).toBe('http://sqs:1');
  expect(placeOf('dynamodb', given).endpoint).toBe('http://all:1');
  expect(endpoint({ ...given, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })).toMatch(/^https:/);
  expect(endpoint({ ...given, AWS_USE_FIPS_ENDPOINT: 'true' })).toBe('http://sqs:1');
});

test.each([
  ['no Region', {}, 'AWS_REGION is not in the environment'],
  ['a Region of a closed partition', { AWS_REGION: 'us-iso-east-1' }, 'AWS_REGION us-iso-east-1: no endpoint is known'],
  ['FIPS', { AWS_REGION: 'us-east-1', AWS_USE_FIPS_ENDPOINT: 'true' }, 'FIPS endpoints are not supported'],
  ['dual stack', { AWS_REGION: 'us-east-1', AWS_USE_DUALSTACK_ENDPOINT: 'true' }, 'dual stack endpoints are not'],
  ['a path', { AWS_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://sqs:1/path' }, 'without a path'],
])('an environment with %s is refused in words', (_, environment, message) => {
  expect(() => placeOf('sqs', environment)).toThrow(message);
});
