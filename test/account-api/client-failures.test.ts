import { once } from 'node:events';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { AccountApiClient } from '../../functions/account-api/client.ts';
import { MAX_ANSWER_BYTES } from '../../functions/account-api/transport.ts';
import { serving } from '../conformance/http-server.ts';
import { type Answer, account, clientOf, says, T0, talking, token } from './client-server.ts';

const PHONE = token('phone-of-alice');
const ALICE = account('alice@example.com');
const FOUND = { retCode: 0, errMsg: 'ok', result: ['0'], token_accounts: [] };

const asked = async (answer: Answer, options = {}) => (await talking(answer, options)).client.accountsOf([PHONE]);
const operated = (client: AccountApiClient) =>
  client.operate({ kind: 'bindOverriding', elements: [{ token: PHONE, accounts: [ALICE] }] });

const UNREADABLE = { kind: 'unavailable', reason: 'HTTP 200: not an answer of an Account API' };

const timeoutMs = 40;

test('the deadline ends an attempt that is never answered', async () => {
  expect(await asked(() => {}, { timeoutMs })).toEqual({ kind: 'unavailable', reason: 'timeout' });
});

test('the deadline ends an answer that drips', async () => {
  const drip: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const drops = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(drops));
  };
  expect(await asked(drip, { timeoutMs })).toEqual({ kind: 'unavailable', reason: 'timeout' });
});

test('every attempt has its own deadline', async () => {
  const { client, sent } = await talking(() => {}, { timeoutMs: 300 });
  for (const attempt of [1, 2, 3]) {
    expect(await client.accountsOf([PHONE])).toMatchObject({ reason: 'timeout' });
    expect(sent).toHaveLength(attempt);
  }
});

const padded =
  (bytes: number): Answer =>
  (response) =>
    response.end(JSON.stringify(FOUND).padEnd(bytes, ' '));

test('256 KiB are read, one byte more is not', async () => {
  expect(await asked(padded(MAX_ANSWER_BYTES))).toMatchObject({ kind: 'found' });
  expect(await asked(padded(MAX_ANSWER_BYTES + 1))).toEqual({
    kind: 'unavailable',
    reason: 'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  });
});

test('10 MB without a length are cut off', async () => {
  let written = 0;
  const flood: Answer = (response) => {
    const chunk = ' '.repeat(64 * 1024);
    const pour = () => {
      while (written < 10_000_000 && !response.destroyed) {
        written += chunk.length;
        if (!response.write(chunk)) return response.once('drain', pour);
      }
      return response.end();
    };
    pour();
  };
  expect(await asked(flood)).toMatchObject({ kind: 'unavailable', reason: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' });
  expect(written).toBeLessThan(10_000_000);
});

test('a compressed body is not requested and not decompressed', async () => {
  const bomb = gzipSync(JSON.stringify(FOUND).padEnd(10_000_000, ' '));
  const { client, sent } = await talking((response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(bomb);
  });
  expect(await client.accountsOf([PHONE])).toEqual(UNREADABLE);
  expect(sent[0]?.headers['accept-encoding']).toBe('identity');
});

test('endless headers are cut off', async () => {
  const many: Answer = (response) => {
    response.writeHead(200, { 'x-padding': 'x'.repeat(100_000) });
    response.end(JSON.stringify(FOUND));
  };
  expect(await asked(many)).toMatchObject({ kind: 'unavailable', reason: 'UND_ERR_HEADERS_OVERFLOW' });
});

test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
  const elsewhere = await talking(says(FOUND));
  const redirect = says({}, status, { location: `${elsewhere.url}/v3/device/account/query` });
  expect(await asked(redirect)).toEqual({
    kind: 'unavailable',
    reason: `HTTP ${status}: not an answer of an Account API`,
  });
  expect(elsewhere.sent).toEqual([]);
});

test.each([
  ['nothing', ''],
  ['a page', '<html><body>Sign in to the network</body></html>'],
  ['half of it', '{"retCode":0,"errMsg":"ok"'],
  ['two of it', '{"retCode":0}{"retCode":0}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a number', '0'],
  ['a code in words', '{"retCode":"0","errMsg":"ok"}'],
  ['a code with a fraction', '{"retCode":0.5,"errMsg":"ok"}'],
  ['the other endpoint’s success', '{"ret_code":0,"err_msg":"ok"}'],
  ['an empty token', '{"retCode":0,"token_accounts":[{"token":"","account_list":[]}]}'],
  ['an object in place of a list', '{"retCode":0,"token_accounts":{"token":"phone-of-alice"}}'],
  ['endless nesting', '['.repeat(100_000)],
])('%s is not an answer', async (_, body) => {
  expect(await asked((response) => response.end(body))).toEqual(UNREADABLE);
});

test('bytes that are not UTF-8 are not an answer', async () => {
  const bytes = Buffer.concat([Buffer.from('{"retCode":0,"errMsg":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  expect(await asked((response) => response.end(bytes))).toEqual(UNREADABLE);
});

test('a page with a status in the 400s is unavailable and not refused, because it is not from the API', async () => {
  expect(await asked((response) => response.writeHead(404).end('not found'))).toEqual({
    kind: 'unavailable',
    reason: 'HTTP 404: not an answer of an Account API',
  });
});

test('a success counts with the status 200 only', async () => {
  expect(await asked(says(FOUND, 202))).toEqual({ kind: 'unavailable', reason: 'HTTP 202' });
  expect(await asked(says(FOUND, 404))).toEqual({ kind: 'unavailable', reason: 'HTTP 404' });
});

test('a connection is refused', async () => {
  const { url, close } = await serving(() => {});
  await close();
  expect(await clientOf({ url }).accountsOf([PHONE])).toEqual({ kind: 'unavailable', reason: 'ECONNREFUSED' });
});

test.each([
  ['before it answers', ''],
  ['in the middle of the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['in the middle of the body', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"retCode":0,'],
  ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{"retCode":0}'],
])('a connection is cut %s', async (_, text) => {
  const answer: Answer = (response) => response.socket?.end(text);
  expect(await asked(answer)).toEqual({ kind: 'unavailable', reason: 'UND_ERR_SOCKET' });
});

test('a connection is reset', async () => {
  expect(await asked((response) => response.socket?.resetAndDestroy())).toMatchObject({ kind: 'unavailable' });
});

test('a server answers without HTTP', async () => {
  const server = createServer((socket) => socket.end('220 mail.example.com ready\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  expect(await clientOf({ url: `http://127.0.0.1:${port}` }).accountsOf([PHONE])).toMatchObject({
    kind: 'unavailable',
  });
  server.close();
});

test.each([401, 403])('HTTP %i without an answer of the API is unauthorized', async (status) => {
  const unauthorized = { kind: 'unauthorized', reason: `HTTP ${status}` };
  expect(await asked((response) => response.writeHead(status).end())).toEqual(unauthorized);
});

test.each([200, 401, 403])('HTTP %i with a code means what the code means', async (status) => {
  const answer = (retCode: number) => asked(says({ retCode, errMsg: '' }, status));
  expect(await answer(1008003)).toEqual({ kind: 'unauthorized', reason: 'code 1008003' });
  expect(await answer(1008028)).toEqual({ kind: 'unavailable', reason: 'code 1008028' });
  expect(await answer(1008007)).toEqual({ kind: 'refused', reason: 'code 1008007' });
});

test.each([429, 500, 502, 503, 504])('HTTP %i is unavailable, whatever the body', async (status) => {
  const unavailable = { kind: 'unavailable', reason: `HTTP ${status}` };
  expect(await asked(says({ retCode: 1008007, errMsg: 'invalid parameter' }, status))).toEqual(unavailable);
  expect(await asked((response) => response.writeHead(status).end('<html>'))).toEqual(unavailable);
});

test.each([
  ['7', 7_000],
  ['0', 0],
  [new Date(T0 + 90_000).toUTCString(), 90_000],
  [new Date(T0 - 90_000).toUTCString(), 0],
])('Retry-After: %s is %i ms', async (header, retryAfterMs) => {
  expect(await asked(says({}, 429, { 'retry-after': header }))).toEqual({
    kind: 'unavailable',
    reason: 'HTTP 429',
    retryAfterMs,
  });
});

test('an invalid Retry-After is ignored', async () => {
  expect(await asked(says({}, 503, { 'retry-after': 'soon' }))).toEqual({ kind: 'unavailable', reason: 'HTTP 503' });
});

test('a failure in the other endpoint’s spelling counts too, because a gateway may send it', async () => {
  expect(await asked(says({ ret_code: 10030002, err_msg: 'AccessKey mismatch' }))).toMatchObject({
    kind: 'unauthorized',
  });
  const { client } = await talking(says({ retCode: 1008028, errMsg: 'request too fast' }));
  expect(await operated(client)).toMatchObject({ kind: 'unavailable' });
});

test('no reason quotes a token, an account, a secret or the answer', async () => {
  const secret = 'the-secret-itself';
  const echoing = (status: number, body: (sent: string) => string): Answer => {
    return (response, sent) => {
      response.writeHead(status, { location: `https://${ALICE.id}/`, 'x-echo': PHONE });
      response.end(body(sent.body));
    };
  };
  const bodies = [
    (sent: string) => sent,
    (sent: string) => JSON.stringify({ ret_code: 1008007, err_msg: sent }),
    (sent: string) => JSON.stringify({ ret_code: 1008003, err_msg: sent }),
    (sent: string) => JSON.stringify({ ret_code: 1008004, err_msg: sent }),
    (sent: string) => JSON.stringify({ ret_code: 1008027, err_msg: sent, result: [sent, sent] }),
    (sent: string) => JSON.stringify({ ret_code: 0, err_msg: sent, result: [sent, PHONE] }),
  ];
  for (const status of [200, 302, 400, 403, 500])
    for (const body of bodies) {
      const { client } = await talking(echoing(status, body), { secret });
      const answers = JSON.stringify([await operated(client), await client.accountsOf([PHONE])]);
      for (const private_ of [PHONE, ALICE.id, secret, 'operator_type']) expect(answers).not.toContain(private_);
    }
});
