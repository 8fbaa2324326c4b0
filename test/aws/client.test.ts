import { createHash, createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { Sha256, TABLE_CLIENT } from '../../functions/aws/client.ts';
import { serving } from '../conformance/http-server.ts';

const bytes = fc.uint8Array({ maxLength: 200 });

async function digestOf(secret: string | Uint8Array | undefined, parts: readonly (string | Uint8Array)[]) {
  const hash = new Sha256(secret);
  for (const part of parts) hash.update(part);
  return Buffer.from(await hash.digest()).toString('hex');
}

test('the hash is SHA-256 of all updates, text as UTF-8', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), bytes)), async (parts) => {
      const expected = createHash('sha256');
      for (const part of parts) expected.update(part);
      expect(await digestOf(undefined, parts)).toBe(expected.digest('hex'));
    }),
  );
});

test('the hash with a secret is its HMAC, however often the same key is used', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), bytes, async (secret, data) => {
      const expected = createHmac('sha256', secret).update(data).digest('hex');
      expect(await digestOf(secret, [data])).toBe(expected);
      expect(await digestOf(secret, [data])).toBe(expected);
      expect(
        await digestOf(
          secret.map((byte) => byte ^ 1),
          [data],
        ),
      ).not.toBe(expected);
    }),
  );
});

test('the hash takes an ArrayBuffer and a view of a part of one', async () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4]);
  const [whole, part] = [new Sha256(buffer), new Sha256()];
  whole.update(buffer);
  part.update(new DataView(buffer, 1, 2));
  expect(Buffer.from(await whole.digest())).toEqual(
    createHmac('sha256', Buffer.from(buffer)).update(Buffer.from(buffer)).digest(),
  );
  expect(Buffer.from(await part.digest())).toEqual(
    createHash('sha256')
      .update(Buffer.from([2, 3]))
      .digest(),
  );
});

test("a signed request has the signature that the SDK's own hash makes", async () => {
  for (const secret of ['one', 'another'])
    for (const body of ['hello', 'a longer text, not in ASCII: ✓'])
      expect(await signatureOf({ sha256: Sha256 }, secret, body)).toBe(await signatureOf({}, secret, body));
});

async function signatureOf(config: SQSClientConfig, secretAccessKey: string, body: string) {
  const credentials = { accessKeyId: 'id', secretAccessKey };
  const client = new SQSClient({ ...config, region: 'us-east-1', credentials });
  const at = { protocol: 'https:', hostname: 'sqs.us-east-1.amazonaws.com', path: '/' };
  const signer = await client.config.signer();
  const request = await signer.sign({ method: 'POST', ...at, headers: {}, body }, { signingDate: new Date(0) });
  return z.parse(z.string(), request.headers['authorization']);
}

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
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const client = new DynamoDBClient({ ...TABLE_CLIENT, endpoint: url, region: 'us-east-1', credentials });
  onTestFinished(async () => {
    client.destroy();
    await close();
  });
  return {
    /** Calls at the same time. The table answers when all have come, so that each has a connection of its own. */
    call: async (times: number) => {
      least = times;
      const call = () => client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' }, sk: { S: 'D' } } }));
      await Promise.all(Array.from({ length: times }, call));
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
