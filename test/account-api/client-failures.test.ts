import type { Socket } from 'node:net';
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

const drip: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  const drops = setInterval(() => response.write(' '), 5);
  response.on('close', () => clearInterval(drops));
};

test.each<[string, Answer]>([
  ['an attempt that is never answered', () => {}],
  ['an answer that drips', drip],
])('the deadline ends %s', async (_, answer) => {
  expect(await asked(answer, { timeoutMs: 40 })).toEqual({ kind: 'unavailable', reason: 'timeout' });
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

test.each<[string, string | Buffer]>([
  ['nothing', ''],
  ['a page', '<html><body>Sign in to the network</body></html>'],
  ['half of it', '{"retCode":0,"errMsg":"ok"'],
  ['two of it', '{"retCode":0}{"retCode":0}'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a code in words', '{"retCode":"0","errMsg":"ok"}'],
  ['a code with a fraction', '{"retCode":0.5,"errMsg":"ok"}'],
  ['an empty token', '{"retCode":0,"token_accounts":[{"token":"","account_list":[]}]}'],
  ['an object in place of a list', '{"retCode":0,"token_accounts":{"token":"phone-of-alice"}}'],
  ['endless nesting', '['.repeat(100_000)],
  ['text that is not UTF-8', Buffer.from('{"retCode":0,"errMsg":"\xff"}', 'latin1')],
])('%s is not an answer', async (_, body) => {
  expect(await asked((response) => response.end(body))).toEqual(UNREADABLE);
});

test('a connection is refused', async () => {
  const { url, close } = await serving(() => {});
  await close();
  expect(await clientOf({ url }).accountsOf([PHONE])).toEqual({ kind: 'unavailable', reason: 'ECONNREFUSED' });
});

test.each([
  ['cut before it answers', ''],
  ['cut in the middle of the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['cut in the middle of the body', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"retCode":0,'],
  ['cut in the middle of a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n{"retCode":0}'],
  ['answered without HTTP', '220 mail.example.com ready\r\n', 'HTTPParserError'],
])('a connection is %s', async (_, text, reason = 'UND_ERR_SOCKET') => {
  const answer: Answer = (response) => response.socket?.end(text);
  expect(await asked(answer)).toEqual({ kind: 'unavailable', reason });
});

test('a connection is reset', async () => {
  expect(await asked((response) => response.socket?.resetAndDestroy())).toMatchObject({ kind: 'unavailable' });
});

test.each([
  ['resets', 0],
  ['is silent on', 1],
] as const)(
  'calls after a freeze succeed though the API %s all eight kept connections, save %i',
  async (kind, failures) => {
    const isOld = new WeakSet<Socket>();
    const waiting: (() => void)[] = [];
    let least = 8;
    const { client, sent, server } = await talking(
      (response, sent, attempt) => {
        if (response.socket && isOld.has(response.socket)) {
          if (kind === 'resets') response.socket.resetAndDestroy();
          return;
        }
        waiting.push(() => says(FOUND)(response, sent, attempt));
        if (waiting.length >= least) for (const answer of waiting.splice(0)) answer();
      },
      { timeoutMs: 1_000 },
    );
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const call = async () => (await client.accountsOf([PHONE])).kind;
    await Promise.all(Array.from({ length: 8 }, call));
    for (const socket of sockets) isOld.add(socket);
    least = 1;
    const kinds = [];
    for (let i = 0; i < 5; i++) kinds.push(await call());
    expect(kinds).toEqual(Array.from({ length: 5 }, (_, i) => (i < failures ? 'unavailable' : 'found')));
    expect(sent).toHaveLength(8 + 6 - failures);
  },
);

const page =
  (status: number): Answer =>
  (response) =>
    response.writeHead(status).end('<html>');
const code = (retCode: number, status = 200) => says({ retCode, errMsg: '' }, status);
const trying = (retryAfter: string) => says({}, 429, { 'retry-after': retryAfter });
const busy = { kind: 'unavailable', reason: 'HTTP 429' };

test.each<[string, Answer, object]>([
  [
    'a page with the status 404',
    page(404),
    { kind: 'unavailable', reason: 'HTTP 404: not an answer of an Account API' },
  ],
  ['a success with the status 202', says(FOUND, 202), { kind: 'unavailable', reason: 'HTTP 202' }],
  ['a success with the status 404', says(FOUND, 404), { kind: 'unavailable', reason: 'HTTP 404' }],
  ['a failed authentication with the status 200', code(1008003), { kind: 'unauthorized', reason: 'code 1008003' }],
  ['a busy API with the status 403', code(1008028, 403), { kind: 'unavailable', reason: 'code 1008028' }],
  ['a refusal with the status 200', code(1008007), { kind: 'refused', reason: 'code 1008007' }],
  ['a refusal with the status 401', code(1008007, 401), { kind: 'refused', reason: 'code 1008007' }],
  ['a Retry-After of seven seconds', trying('7'), { ...busy, retryAfterMs: 7_000 }],
  ['a Retry-After of 0', trying('0'), { ...busy, retryAfterMs: 0 }],
  ['a Retry-After in 90 s', trying(new Date(T0 + 90_000).toUTCString()), { ...busy, retryAfterMs: 90_000 }],
  ['a Retry-After 90 s ago', trying(new Date(T0 - 90_000).toUTCString()), { ...busy, retryAfterMs: 0 }],
  ['an invalid Retry-After', trying('soon'), busy],
])('%s is read as what it says, and as unavailable if it does not say', async (_, answer, expected) => {
  expect(await asked(answer)).toEqual(expected);
});

test.each([401, 403])('HTTP %i without an answer of the API is unauthorized', async (status) => {
  expect(await asked(page(status))).toEqual({ kind: 'unauthorized', reason: `HTTP ${status}` });
});

test.each([429, 500, 502, 503, 504])('HTTP %i is unavailable, whatever the body', async (status) => {
  const unavailable = { kind: 'unavailable', reason: `HTTP ${status}` };
  expect([await asked(code(1008007, status)), await asked(page(status))]).toEqual([unavailable, unavailable]);
});

test('a failure in the other endpoint’s spelling counts too, because a gateway may send it', async () => {
  expect(await asked(says({ ret_code: 10030002, err_msg: '' }))).toMatchObject({ kind: 'unauthorized' });
  expect(await operated((await talking(code(1008028))).client)).toMatchObject({ kind: 'unavailable' });
});

test('no reason quotes a token, an account, a secret or the answer', async () => {
  const secret = 'the-secret-itself';
  const echoing = (status: number, body: (sent: string) => string): Answer => {
    return (response, sent) => {
      response.writeHead(status, { location: `https://${ALICE.id}/`, 'x-echo': PHONE });
      response.end(body(sent.body));
    };
  };
  const coded = [1008007, 1008003, 1008004, 1008027, 0].map(
    (ret_code) => (sent: string) => JSON.stringify({ ret_code, err_msg: sent, result: [sent, PHONE] }),
  );
  const bodies = [(sent: string) => sent, ...coded];
  for (const status of [200, 302, 400, 403, 500])
    for (const body of bodies) {
      const { client } = await talking(echoing(status, body), { secret });
      const answers = JSON.stringify([await operated(client), await client.accountsOf([PHONE])]);
      for (const private_ of [PHONE, ALICE.id, secret, 'operator_type']) expect(answers).not.toContain(private_);
    }
});

test.each([
  ['xg', { retCode: 0, errMsg: 'ok', token_accounts: [{ token: PHONE, account_list: [] }] }],
  ['tpns', { ret_code: 0, err_msg: 'ok', token_accounts: [{ token: PHONE, account_list: [] }] }],
] as const)('a success of %s is read in the spelling of the other endpoint too', async (dialect, reply) => {
  expect(await asked(says(reply), { dialect, authentication: 'basic' })).toMatchObject({ kind: 'found' });
});
