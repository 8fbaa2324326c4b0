import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OperationsMessage } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { Door } from '../../infra/settings.ts';
import { type Bundles, bundleFunctions, DOORS, packagesIn } from './bundles.ts';

/**
 * Maximum size of a bundle in bytes. Every 100 KB take about 4 ms of a whole processor to parse, before anything runs:
 * raise it for code that a function needs, and only then.
 */
const BUDGET = 315_000;

/** With undici, an HTTP client with timeouts of its own that follows no redirect. */
const BUDGET_WITH_HTTP = 1_080_000;

/** With zod's schema compiler, which only the events door uses. */
const BUDGET_WITH_COMPILER = 345_000;

function budgetOf(door: Door): number {
  if (door === 'events') return BUDGET_WITH_COMPILER;
  return ['mirror', 'verify'].includes(door) ? BUDGET_WITH_HTTP : BUDGET;
}

const folder = mkdtempSync(join(tmpdir(), 'bindery-bundle-'));
const runner = join(folder, 'run.mjs');

/** Loads a bundle from its file and passes one event to it, as Lambda's runtime does. Logs go to stderr. */
const RUNNER = `
for (const level of ['info', 'warn']) console[level] = console.error;
const [, , file, event] = process.argv;
const { handler } = await import(file);
const reply = await handler(JSON.parse(event), {});
process.stdout.write(JSON.stringify({ handler: typeof handler, reply }));
`;

/** Refuses every call, in place of every AWS service, and keeps the operations of signed calls. */
const calls: string[] = [];
const aws: Server = createServer((request, response) => {
  const isSigned = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') === true;
  if (isSigned) calls.push(`${request.headers['x-amz-target']}`);
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
  response.end('{"__type":"AccessDeniedException","message":"no"}');
});

let bundles: Bundles;
beforeAll(async () => {
  writeFileSync(runner, RUNNER);
  bundles = await bundleFunctions();
  await new Promise<void>((listening) => aws.listen(0, '127.0.0.1', listening));
});

afterAll(() => {
  aws.close();
  bundles.remove();
  rmSync(folder, { recursive: true });
});

describe.each(DOORS)('%s', (door) => {
  test('the bundle is smaller than its budget', () => {
    expect(bundles.contents(door).bytes).toBeLessThan(budgetOf(door));
  });

  test('the bundle reads credentials only from the environment', () => {
    const providers = /credential-provider|token-providers|nested-clients/;
    expect(packagesIn(bundles, door).filter((name) => providers.test(name))).toEqual([]);
  });

  test('the bundle has the English texts of zod and no others', () => {
    const locales = bundles.filesIn(door).filter((file) => /zod\/v4\/locales\//.test(file));
    expect(locales.filter((file) => !file.endsWith('/en.js'))).toEqual([]);
  });

  test('the bundle has no code of tools or tests', () => {
    const tools = /^(?:local|cli|bench|test|openapi|conformance)\//;
    expect(bundles.filesIn(door).filter((file) => tools.test(file))).toEqual([]);
  });

  test('the loaded bundle reports a missing environment variable in words', async () => {
    // zod/mini has no texts without a locale. Other tests load classic zod, which sets one for the whole process.
    const cold = promisify(execFile)(process.execPath, [runner, bundles.file(door), '{}'], { env: {} });
    await expect(cold).rejects.toThrow('REGISTRY_TABLE: Invalid input: expected string, received undefined');
  });
});

const PHONE = { id: 'phone', dialect: 'xg', policy: 'many', platform: 'android' };
const CONFIGURATION = {
  apps: [PHONE],
  sources: [{ id: 'web', kind: 'standard-webhooks', apps: ['phone'] }],
};

const variables = (door: Door, endpoint: string): Record<string, string> => {
  const onRegistry = { OPERATIONS_QUEUE_URL: `${endpoint}/1/operations`, REGISTRY_TABLE: 'registry' };
  const BINDERY_CONFIG = JSON.stringify(CONFIGURATION);
  switch (door) {
    case 'events':
      return { ...onRegistry, BINDERY_CONFIG, SOURCE_SECRETS: '{"web":"arn:web"}' };
    case 'account-api':
      return { ...onRegistry, BINDERY_CONFIG, APP_SECRETS: '{"phone":"arn:phone"}' };
    case 'apply':
      return {
        ...onRegistry,
        PARKED_QUEUE_URL: `${endpoint}/1/parked`,
        PSEUDONYM_SECRET: 'arn:pseudonyms',
        MARKS_QUEUES: JSON.stringify({ phone: `${endpoint}/1/marks.fifo` }),
      };
    case 'mirror':
    case 'verify': {
      const queues = { marks: `${endpoint}/1/marks.fifo`, checks: `${endpoint}/1/checks` };
      const site = {
        app: { ...PHONE, mirror: { url: endpoint, app: '1', dialect: 'xg' } },
        ...queues,
        secret: 'arn:hosted',
      };
      return { REGISTRY_TABLE: 'registry', PSEUDONYM_SECRET: 'arn:pseudonyms', MIRRORS: JSON.stringify([site]) };
    }
    case 'sweep':
      return { REGISTRY_TABLE: 'registry', CHECKS_QUEUES: JSON.stringify({ phone: `${endpoint}/1/checks` }) };
  }
};

const post = (rawPath: string, headers: Record<string, string> = {}) => ({
  rawPath,
  headers,
  body: 'this is not JSON',
  isBase64Encoded: false,
  requestContext: { requestId: 'r1', http: { method: 'POST' } },
});

const run = async (door: Door, event: unknown) => {
  const port = (aws.address() as AddressInfo).port; // a server that listens on TCP has one
  const endpoint = `http://127.0.0.1:${port}`;
  const env = {
    ...variables(door, endpoint),
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
  };
  calls.length = 0;
  const args = [runner, bundles.file(door), JSON.stringify(event)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 });
  return JSON.parse(stdout);
};

test("the loaded bundle of events reads the source's secret before it trusts a request", async () => {
  const { handler, reply } = await run('events', post('/events/web'));
  expect({ handler, status: reply.statusCode }).toEqual({ handler: 'function', status: 503 });
  expect(new Set(calls)).toEqual(new Set(['secretsmanager.GetSecretValue']));
});

test("the loaded bundle of account-api reads the app's secret before it trusts a request", async () => {
  const authorization = `Basic ${btoa('phone:guess')}`;
  const { handler, reply } = await run('account-api', post('/v3/device/account/query', { authorization }));
  expect({ handler, status: reply.statusCode }).toEqual({ handler: 'function', status: 503 });
  expect(new Set(calls)).toEqual(new Set(['secretsmanager.GetSecretValue']));
});

test('the loaded bundle of apply keeps a message that it cannot apply and delays its retry', async () => {
  const stamp = stampOf('unbindTokenFromAll', 1_700_000_000_000, eventHash('logout'));
  const operation = { kind: 'unbindTokenFromAll', app: 'phone', token: 'token', stamp };
  const record = {
    messageId: 'm1',
    receiptHandle: 'h1',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:1:operations',
    body: JSON.stringify(OperationsMessage.parse({ v: 1, id: 'r1', operations: [operation] })),
    attributes: { ApproximateReceiveCount: '1' },
    eventSource: 'aws:sqs',
  };
  const { handler, reply } = await run('apply', { Records: [record] });
  expect({ handler, reply }).toEqual({
    handler: 'function',
    reply: { batchItemFailures: [{ itemIdentifier: 'm1' }] },
  });
  expect(calls.filter((call) => !call.startsWith('secretsmanager.'))).toEqual([
    expect.stringMatching(/^DynamoDB_20120810\./),
    'AmazonSQS.ChangeMessageVisibility',
  ]);
});

const token = 'token';
test.each([
  ['mirror', { v: 1, app: 'phone', tokens: [{ token, id: 'r1', ms: 1_700_000_000_000, removes: false }] }],
  ['verify', { v: 1, app: 'phone', cause: 'push', checks: [{ token, id: 'r1' }] }],
] as const)(
  'the loaded bundle of %s keeps a message whose token it cannot read and delays its retry',
  async (door, body) => {
    const record = {
      messageId: 'm1',
      receiptHandle: 'h1',
      body: JSON.stringify(body),
      attributes: { ApproximateReceiveCount: '1' },
      eventSource: 'aws:sqs',
      eventSourceARN: door === 'mirror' ? 'arn:aws:sqs:eu-central-1:1:marks.fifo' : 'arn:aws:sqs:eu-central-1:1:checks',
    };
    const { handler, reply } = await run(door, { Records: [record] });
    expect({ handler, reply }).toEqual({
      handler: 'function',
      reply: { batchItemFailures: [{ itemIdentifier: 'm1' }] },
    });
    expect(calls).toEqual(['DynamoDB_20120810.BatchGetItem', 'AmazonSQS.ChangeMessageVisibility']);
  },
);
