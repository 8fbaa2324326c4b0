import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { App } from '../../functions/core/configuration.ts';
import { close, listen } from '../../local/listening.ts';
import { basic, json, signed, world } from '../world/account-api.ts';

type Seen = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: string };

let url: string;
const seen: Seen[] = [];
/** A hosted API: answers with bytes that are not text. */
const hosted = createServer(async (request, response) => {
  const { method, url, headers } = request;
  seen.push({ method, url, headers, body: (await buffer(request)).toString() });
  response.writeHead(202, { 'content-type': 'application/x-push', location: 'https://elsewhere.example' });
  response.end(Buffer.from([0, 255]));
});
beforeAll(async () => {
  url = await listen(hosted);
});
afterAll(() => close(hosted));
beforeEach(() => {
  seen.length = 0;
});

const appOf = (id: string, mirror?: object) =>
  App.parse({
    id,
    dialect: 'tpns',
    platform: 'android',
    ...(mirror && { mirror: { app: id, dialect: 'tpns', ...mirror } }),
  });

/** An app that passes requests on, one whose mirror does not, and one without a mirror. */
const passing = (at = `${url}/base/`) =>
  world({
    apps: new Map([
      ['push', appOf('push', { url: at, passThrough: true })],
      ['mirrored', appOf('mirrored', { url: at })],
      ['alone', appOf('alone')],
    ]),
  });

const PUSH = '/v3/push/app';
const BODY = '{"audience_type":"all" }';

test('a request to another path goes to the hosted API unchanged, and its answer comes back', async () => {
  const headers = {
    ...signed('push', BODY),
    'content-type': 'application/json',
    cookie: 'private',
    host: 'evil.example',
  };
  const request = { id: 'one', method: 'POST', path: `/${PUSH}/`, query: 'x=1', headers, body: BODY };
  expect(await passing().handle(request)).toMatchObject({
    status: 202,
    headers: { 'content-type': 'application/x-push' },
    body: Buffer.from([0, 255]),
    line: { app: 'push', operation: 'passThrough', outcome: 'passed' },
  });
  const { accessid, timestamp, sign, host, cookie } = seen[0]?.headers ?? {};
  expect({ accessid, timestamp, sign }).toEqual(signed('push', BODY));
  expect([host, cookie]).toEqual([new URL(url).host, undefined]);
  expect(seen).toMatchObject([{ method: 'POST', url: '/base/v3/push/app?x=1', body: BODY }]);
});

test('a header that HTTP cannot carry is left out of a request that goes on', async () => {
  const headers = { ...signed('push', BODY), 'content-type': 'application/json', accept: '爱' };
  const request = { id: 'one', method: 'POST', path: PUSH, headers, body: BODY };
  expect(await passing().handle(request)).toMatchObject({ status: 202 });
  expect(seen).toMatchObject([{ body: BODY, headers: { 'content-type': 'application/json' } }]);
  expect(seen[0]?.headers.accept).toBeUndefined();
});

test.each([
  ['no credential', {}, 403],
  ['a wrong secret', basic('push', 'wrong'), 403],
  ['an unknown app', basic('nobody'), 403],
  ['an app whose mirror does not pass requests on', basic('mirrored'), 404],
  ['an app without a mirror', basic('alone'), 404],
])('a request with %s does not reach the hosted API', async (_, headers, status) => {
  expect(await passing().send({ path: PUSH, headers, body: Buffer.from(BODY) })).toMatchObject({ status });
  expect(seen).toEqual([]);
});

test.each([
  '/v3/device/account/import',
  '/V3/push/app',
  '/v3/../admin',
  '/v3/%2e%2e/admin',
  '/v4/push',
  '/v3',
  '/v3/a?b',
  '/v3/a@b',
])('the path %s does not reach the hosted API', async (path) => {
  expect(await passing().send({ path, headers: basic('push'), body: Buffer.from(BODY) })).toMatchObject({
    status: 404,
  });
  expect(seen).toEqual([]);
});

test('no request but POST reaches the hosted API', async () => {
  const request = { path: PUSH, method: 'GET', headers: basic('push'), body: Buffer.from('') };
  expect(await passing().send(request)).toMatchObject({ status: 405 });
  expect(seen).toEqual([]);
});

test.each([
  ['changes the protocol', '101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'],
  ['has a status that no gateway passes', '999 ?\r\ncontent-length: 0\r\n\r\n'],
  ['stops in the middle of its answer', '200 OK\r\ncontent-length: 9\r\n\r\nhalf'],
])('a hosted API that %s is unavailable, and no client is asked to send its push again', async (_, answer) => {
  const odd = createTcpServer((socket) =>
    socket.on('error', () => {}).once('data', () => socket.end(`HTTP/1.1 ${answer}`)),
  );
  await once(odd.listen(0, '127.0.0.1'), 'listening');
  const { port } = odd.address() as AddressInfo; // it listens on a port
  const reply = await passing(`http://127.0.0.1:${port}`).send({ path: PUSH, headers: basic('push'), body: json({}) });
  odd.close();
  expect(reply).toMatchObject({ status: 503, body: { ret_code: 1008004 }, line: { outcome: 'unavailable' } });
  expect(reply.headers).not.toHaveProperty('retry-after');
});

test('a hosted API that does not answer is unavailable', async () => {
  const { send } = passing('http://127.0.0.1:1');
  expect(await send({ path: PUSH, headers: basic('push'), body: json({}) })).toMatchObject({
    status: 503,
    body: { ret_code: 1008004 },
    line: { app: 'push', operation: 'passThrough', outcome: 'unavailable', reason: 'ECONNREFUSED' },
  });
});
