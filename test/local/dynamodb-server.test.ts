import { once } from 'node:events';
import { connect } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test } from 'vitest';
import { startDynamodb } from '../../local/aws/servers.ts';

test('a client that hangs up in the middle of a request does not disturb others', async () => {
  const server = await startDynamodb();
  onTestFinished(server.stop);
  const { hostname, port } = new URL(server.url);
  const hasty = connect(Number(port), hostname);
  await once(hasty, 'connect');
  hasty.end('POST / HTTP/1.1\r\nhost: local\r\ncontent-length: 100\r\n\r\n{"TableName":');
  await once(hasty.resume(), 'close');

  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new DynamoDBClient({ endpoint: server.url, region: 'us-east-1', credentials });
  onTestFinished(() => client.destroy());
  expect((await client.send(new ListTablesCommand())).TableNames).toEqual([]);
});
