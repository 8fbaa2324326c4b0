import { once } from 'node:events';
import { connect } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { request } from 'undici';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Running, startDynamodb, startSecrets, startSqs } from '../../local/aws/servers.ts';
import { startHostedApi } from '../../local/hosted/api.ts';
import { startHttpFront } from '../../local/lambda/http.ts';

test('a client that hangs up in the middle of a request does not disturb others', async () => {
  const server = await startDynamodb();
  onTestFinished(server.stop);
  const { hostname, port } = new URL(server.url);
  const hasty = connect(Number(port), hostname);
  await once(hasty, 'connect');
  hasty.end(`POST / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: 100\r\n\r\n{"TableName":`);
  await once(hasty.resume(), 'close');

  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: server.url, region: 'us-east-1', credentials });
  onTestFinished(() => client.destroy());
  expect((await client.send(new ListTablesCommand())).TableNames).toEqual([]);
});

let server: Running;
let client: SecretsManagerClient;
beforeAll(async () => {
  server = await startSecrets(
    new Map([
      ['fresh', { AWSCURRENT: 'first' }],
      ['rotated', { AWSCURRENT: 'second', AWSPREVIOUS: 'first' }],
    ]),
  );
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  client = new SecretsManagerClient({ endpoint: server.url, region: 'us-east-1', credentials });
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

const read = (SecretId: string, VersionStage?: string) =>
  client.send(new GetSecretValueCommand({ SecretId, ...(VersionStage !== undefined && { VersionStage }) }));

test.each([
  ['fresh', undefined, 'first'],
  ['fresh', 'AWSCURRENT', 'first'],
  ['rotated', undefined, 'second'],
  ['rotated', 'AWSCURRENT', 'second'],
  ['rotated', 'AWSPREVIOUS', 'first'],
])('the secret "%s" at the stage %s is "%s"', async (id, stage, text) => {
  const { Name, SecretString, VersionStages } = await read(id, stage);
  expect({ Name, SecretString, VersionStages }).toEqual({
    Name: id,
    SecretString: text,
    VersionStages: [stage ?? 'AWSCURRENT'],
  });
});

test.each([
  ['a secret that never changed has no previous version', 'fresh', 'AWSPREVIOUS'],
  ['a secret that does not exist cannot be read', 'unknown', undefined],
  ['a stage that no version has cannot be read', 'rotated', 'toString'],
])('%s', async (_, id, stage) => {
  await expect(read(id, stage)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('the stub refuses all other calls of Secrets Manager', async () => {
  await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({ name: 'UnknownOperationException' });
});

const unused = async () => ({ statusCode: 200 });
const door = { name: 'door', timeoutS: 1, memoryMb: 512, handler: unused };
const hosted = { app: 'a', secret: 's', delays: { usualMs: 1, lateMs: 1 }, faults: [] };

test.each<[string, string, () => Promise<Running>]>([
  ['DynamoDB', '/', () => startDynamodb()],
  ['SQS', '/_fauxqs/queues', () => startSqs()],
  ['Secrets Manager', '/', () => startSecrets(new Map())],
  ['gateway', '/events/app', () => startHttpFront({ events: door, 'account-api': door }, 0)],
  ['hosted API', '/hosted-api', () => startHostedApi({ ...hosted, upstream: 'http://127.0.0.1:1' })],
])('the local %s answers programs of this machine, and refuses web pages', async (_, path, start) => {
  const { url, stop } = await start();
  onTestFinished(stop);
  const { port } = new URL(url);
  const statusOf = async (headers: Record<string, string>) => {
    const { statusCode, headers: own, body } = await request(`${url}${path}`, { headers });
    await body.text();
    expect(own).not.toHaveProperty('access-control-allow-origin');
    return statusCode;
  };
  for (const host of ['127.0.0.1', 'localhost', 'LocalHost', '[::1]'])
    expect(await statusOf({ host: `${host}:${port}` })).not.toBe(403);
  expect(await statusOf({ origin: `http://localhost:${port}` })).not.toBe(403);
  for (const host of ['evil.example', `evil.example:${port}`, 'localhost', '127.0.0.1:1'])
    expect(await statusOf({ host })).toBe(403);
  for (const origin of ['http://evil.example', 'null', 'http://localhost', `https://localhost:${port}`])
    expect(await statusOf({ origin })).toBe(403);
});
