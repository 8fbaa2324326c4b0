import { Buffer } from 'node:buffer';
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { expect, test } from 'vitest';
import { httpDoor } from '../../functions/lambda/http.ts';
import type { Line } from '../../functions/lambda/log.ts';
import type { HttpReply, HttpRequest } from '../../functions/lambda/request.ts';

/** The fields of API Gateway's event that a door reads (payload format 2.0). */
const event = (more: Partial<APIGatewayProxyEventV2> = {}): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: 'ANY /events/{source}',
  rawPath: '/events/app',
  rawQueryString: 'a=1',
  headers: { 'Webhook-Id': 'evt_1' },
  requestContext: {
    accountId: '000000000000',
    apiId: 'local',
    domainName: 'localhost',
    domainPrefix: 'localhost',
    http: { method: 'POST', path: '/events/app', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    requestId: 'request-1',
    routeKey: 'ANY /events/{source}',
    stage: '$default',
    time: '22/Nov/2026:12:00:00 +0000',
    timeEpoch: 0,
  },
  body: '{"ä":1}',
  isBase64Encoded: false,
  ...more,
});

// A door looks at nothing else of it.
const context = { getRemainingTimeInMillis: () => 1000 } as Context;

async function through(reply: () => Promise<HttpReply>, sent = event()) {
  const requests: HttpRequest[] = [];
  const lines: { level: string; message: string; line: Line }[] = [];
  const handle = async (request: HttpRequest) => {
    requests.push(request);
    return reply();
  };
  const door = httpDoor(handle, (level, message, line) => lines.push({ level, message, line }));
  return { result: await door(sent, context), requests, lines };
}

const ok = async (): Promise<HttpReply> => ({
  status: 200,
  body: { a: 1 },
  headers: { 'x-own': '1' },
  line: { app: 'x' },
});

test('an HTTP door reads a request, writes one line, and answers JSON that no cache stores', async () => {
  const { requests, lines, result } = await through(ok);
  expect(requests).toMatchObject([
    { id: 'request-1', method: 'POST', path: '/events/app', headers: { 'webhook-id': 'evt_1' } },
  ]);
  expect(lines).toMatchObject([
    { level: 'info', message: 'request', line: { id: 'request-1', status: 200, app: 'x' } },
  ]);
  expect(result).toEqual({
    statusCode: 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'bindery-request-id': 'request-1',
      'x-own': '1',
    },
    body: '{"a":1}',
  });
});

test.each([
  ['/events/app/', '/events/app'],
  ['//events///app', '/events/app'],
  ['//', '/'],
])('slashes too many are no part of the path: %s', async (rawPath, path) => {
  const { requests } = await through(ok, event({ rawPath }));
  expect(requests).toMatchObject([{ path }]);
});

test('the root says what this is and where the docs are, to a reader', async () => {
  const sent = event({ rawPath: '/' });
  sent.requestContext.http.method = 'GET';
  const { requests, result } = await through(ok, sent);
  expect([requests, result]).toMatchObject([[], { statusCode: 200, body: expect.stringContaining('docs/events.md') }]);
  expect((await through(ok, event({ rawPath: '/' }))).requests).toHaveLength(1);
});

test.each([
  ['text', '{"ä":1}', false, Buffer.from('{"ä":1}')],
  ['base64', Buffer.from([0xff, 0, 0x7b]).toString('base64'), true, Buffer.from([0xff, 0, 0x7b])],
  ['nothing', undefined, false, Buffer.alloc(0)],
])('an HTTP door reads the bytes of a body that comes as %s', async (_, body, isBase64Encoded, bytes) => {
  const { requests } = await through(
    ok,
    event({ ...(body !== undefined && { body }), isBase64Encoded, ...(body === undefined && { body: '' }) }),
  );
  expect(Buffer.from(requests[0]?.body ?? 'none').equals(bytes)).toBe(true);
});

test('an HTTP door answers a bug with 500 and says nothing about it, nor does the log beyond its name and place', async () => {
  const { result, lines } = await through(async () => {
    throw new TypeError('canary is not a function');
  });
  expect(result).toMatchObject({ statusCode: 500, body: '{"code":"internal","request_id":"request-1"}' });
  expect(lines).toMatchObject([{ level: 'error', message: 'bug', line: { error: 'TypeError' } }]);
  expect(JSON.stringify([result, lines])).not.toContain('canary');
});
