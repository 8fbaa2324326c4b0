import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OperationsMessage } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { BUNDLE } from '../../infra/bundling.ts';
import { type Door, TIMEOUT_S } from '../../infra/settings.ts';

const doors = Object.keys(TIMEOUT_S);

/** Where no package.json says what kind of module a file is, as in a deployed function. */
const folder = mkdtempSync(join(tmpdir(), 'bindery-bundle-'));
const runner = join(folder, 'run.mjs');

/** Loads a bundle from its file and hands it one event, as the runtime does. Logs go to stderr. */
const RUNNER = `
for (const level of ['info', 'warn']) console[level] = console.error;
const [, , file, event] = process.argv;
const { handler } = await import(file);
const reply = await handler(JSON.parse(event), {});
process.stdout.write(JSON.stringify({ handler: typeof handler, reply }));
`;

/** Refuses everything and keeps which calls arrived, signed. It stands for every AWS service at once. */
const calls: string[] = [];
const aws: Server = createServer((request, response) => {
  const isSigned = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') === true;
  if (isSigned) calls.push(`${request.headers['x-amz-target']}`);
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
  response.end('{"__type":"AccessDeniedException","message":"no"}');
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
  const args = [runner, join(folder, door, 'index.js'), JSON.stringify(event)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 });
  return JSON.parse(stdout);
};

beforeAll(async () => {
  writeFileSync(runner, RUNNER);
  await Promise.all([
    new Promise<void>((listening) => aws.listen(0, '127.0.0.1', listening)),
    ...doors.map((door) =>
      build({ ...BUNDLE, entryPoints: [`functions/${door}.ts`], outfile: join(folder, door, 'index.js') }),
    ),
  ]);
});

afterAll(() => {
  aws.close();
  rmSync(folder, { recursive: true });
});

describe('a bundle, loaded from its file', () => {
  test.each(doors)('%s says in words what its environment lacks', async (door) => {
    // zod/mini has no words until it is given a language; in the other tests the tools' classic zod gives it one.
    const cold = promisify(execFile)(process.execPath, [runner, join(folder, door, 'index.js'), '{}'], { env: {} });
    await expect(cold).rejects.toThrow('REGISTRY_TABLE: Invalid input: expected string, received undefined');
  });

  test("events asks for the source's secret before it believes anything", async () => {
    const { handler, reply } = await run('events', post('/events/web'));
    expect({ handler, status: reply.statusCode }).toEqual({ handler: 'function', status: 503 });
    expect(new Set(calls)).toEqual(new Set(['secretsmanager.GetSecretValue']));
  });

  test("account-api asks for the app's secret before it believes anything", async () => {
    const authorization = `Basic ${btoa('phone:guess')}`;
    const { handler, reply } = await run('account-api', post('/v3/device/account/query', { authorization }));
    expect({ handler, status: reply.statusCode }).toEqual({ handler: 'function', status: 503 });
    expect(new Set(calls)).toEqual(new Set(['secretsmanager.GetSecretValue']));
  });

  test('apply keeps a message that it cannot apply and has it wait', async () => {
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
  ] as const)('%s keeps a message whose token it cannot look up and has it wait', async (door, body) => {
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
  });
});
