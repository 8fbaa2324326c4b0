import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHttpFront } from '../../local/lambda/http.ts';
import type { HttpFunctions } from '../../local/lambda/invoke.ts';

type Answer = (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** The function behind `/events/{source}`. Real HTTP requests call it. */
let answer: Answer;
let last: { event: APIGatewayProxyEventV2; context: Context } | undefined;

const local = (name: string) => ({
  name,
  timeoutS: 0.2,
  memoryMb: 512,
  handler: async (event: APIGatewayProxyEventV2, context: Context) => {
    last = { event, context };
    return answer(event, context);
  },
});
const fixed: HttpFunctions = { events: local('events'), 'account-api': local('account-api') };
const functions: HttpFunctions = { ...fixed, devices: local('devices'), resolve: local('resolve') };

let front: Awaited<ReturnType<typeof startHttpFront>>;
beforeAll(async () => {
  front = await startHttpFront(functions, 0);
});
afterAll(() => front.stop());

const OK: Answer = async () => ({ statusCode: 200 });

type Sent = { method?: string; headers?: string[]; body?: string | Buffer };

async function send(path: string, { method = 'POST', headers = [], body = '' }: Sent = {}, does: Answer = OK) {
  answer = does;
  last = undefined;
  const response = await request(`${front.url}${path}`, { method, headers, body });
  return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
}

/** Returns the event of a request. */
async function eventOf(path: string, sent?: Sent): Promise<APIGatewayProxyEventV2> {
  await send(path, sent);
  if (last === undefined) throw new Error('no function was called');
  return last.event;
}

test.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('an event has the method %s of its request', async (method) => {
  const event = await eventOf('/events/app', { method });
  expect(event.requestContext.http.method).toBe(method);
});

test('an event has route, path parameters, headers, cookies and query in the format of API Gateway', async () => {
  const headers = ['X-Thing', '1', 'x-thing', '2', 'Other', 'Kept', 'Cookie', 'a=1; b=2'];
  const event = await eventOf('/events/app?a=1&a=2&b=%20', { headers });
  expect(event).toMatchObject({
    version: '2.0',
    routeKey: 'ANY /events/{source}',
    rawPath: '/events/app',
    pathParameters: { source: 'app' },
    headers: { 'x-thing': '1,2', other: 'Kept', 'x-forwarded-for': '127.0.0.1' },
    cookies: ['a=1', 'b=2'],
    rawQueryString: 'a=1&a=2&b=%20',
    queryStringParameters: { a: '1,2', b: ' ' },
    requestContext: { routeKey: 'ANY /events/{source}', stage: '$default', http: { sourceIp: '127.0.0.1' } },
  });
  expect(event.headers).not.toHaveProperty('cookie');
});

test('an event of a request without path parameters, query or body has no fields for them', async () => {
  const event = await eventOf('/v3/device/account/query');
  expect(event).toMatchObject({ rawQueryString: '', isBase64Encoded: false });
  for (const field of ['pathParameters', 'queryStringParameters', 'body']) expect(event).not.toHaveProperty(field);
});

test.each([
  ['/events/%61pp', '/events/app'],
  ['/events/a%2Fb', '/events/a/b'],
  ['/events/a%2561', '/events/a%2561'],
  ['/events/a%ff', '/events/a%ff'],
])('an event has the path %s decoded, except the escape of the percent sign', async (sent, rawPath) => {
  expect((await eventOf(sent)).rawPath).toBe(rawPath);
});

test.each([
  ['application/json', false],
  ['Application/JSON; charset=utf-8', false],
  ['application/javascript', false],
  ['application/xml', false],
  ['text/plain', false],
  ['text/anything', false],
  ['application/cloudevents+json', true],
  ['application/x-www-form-urlencoded', true],
  ['application/octet-stream', true],
  [undefined, true],
])('a body of type %s is in base64: %s', async (type, isBase64Encoded) => {
  const headers = type === undefined ? [] : ['content-type', type];
  const event = await eventOf('/events/app', { headers, body: '{"a":"é"}' });
  expect(event.isBase64Encoded).toBe(isBase64Encoded);
  expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe('{"a":"é"}');
});

test('a context has name, memory and remaining time, and an event has a new id, which is also in the answer', async () => {
  const { headers } = await send('/events/app');
  expect(last?.context).toMatchObject({ functionName: 'events', memoryLimitInMB: '512' });
  expect(last?.context.getRemainingTimeInMillis()).toBeLessThanOrEqual(200);
  const first = last?.event.requestContext.requestId;
  expect(headers['apigw-requestid']).toBe(first);
  expect((await eventOf('/events/app')).requestContext.requestId).not.toBe(first);
});

test.each([
  ['text', '"ü"', false],
  ['base64', Buffer.from('"ü"').toString('base64'), true],
])('the answer has status, headers, cookies and body of a result in %s', async (_, text, isBase64Encoded) => {
  const result = { statusCode: 202, headers: { 'x-thing': 1 }, cookies: ['a=1', 'b=2'], body: text, isBase64Encoded };
  const { status, headers, body } = await send('/events/app', {}, async () => result);
  expect({ status, body }).toEqual({ status: 202, body: '"ü"' });
  expect(headers).toMatchObject({ 'x-thing': '1', 'set-cookie': ['a=1', 'b=2'] });
});

const bodyWith = (message: string) => JSON.stringify({ message });

test.each([
  ['/', '$default', 'events'],
  ['/events/', '$default', 'events'],
  ['/events/app/', '$default', 'events'],
  ['//v3/device', '$default', 'events'],
  ['/v3', '$default', 'events'],
  ['/v3/device/account', 'ANY /v3/{proxy+}', 'account-api'],
  ['/v3/device/account/query/', 'ANY /v3/{proxy+}', 'account-api'],
])('a path without a route of its own, %s, is answered by the route %s', async (path, routeKey, door) => {
  expect(await eventOf(path)).toMatchObject({ routeKey, rawPath: path });
  expect(last?.context.functionName).toBe(door);
});

test.each([
  ['/devices/xg-android/sign-in', 'ANY /devices/{app}/sign-in', 'devices', { app: 'xg-android' }],
  ['/devices/xg-android/sign-out', 'ANY /devices/{app}/sign-out', 'devices', { app: 'xg-android' }],
  ['/v1/resolve', 'ANY /v1/resolve', 'resolve', undefined],
  ['/v1/devices', 'ANY /v1/devices', 'resolve', undefined],
])(
  'the path %s is answered by the route %s, and by events if its function is not deployed',
  async (path, ...expected) => {
    const [routeKey, door, pathParameters] = expected;
    const event = await eventOf(path);
    expect([event.routeKey, event.pathParameters, last?.context.functionName]).toEqual([
      routeKey,
      pathParameters,
      door,
    ]);
    const other = await startHttpFront(fixed, 0);
    await request(`${other.url}${path}`, { method: 'POST' });
    await other.stop();
    expect([last?.event.routeKey, last?.context.functionName]).toEqual(['$default', 'events']);
  },
);

test('the gateway answers 413 to a body of more than 10 MB', async () => {
  const most = Buffer.alloc(10 * 1024 * 1024, 'x');
  expect(await send('/events/app', { body: most })).toMatchObject({ status: 200 });
  const sent = await send('/events/app', { body: Buffer.concat([most, Buffer.from('x')]) });
  expect(sent).toMatchObject({ status: 413, body: bodyWith('Request Entity Too Large') });
  expect(last).toBeUndefined();
});

test('the gateway answers 431 to headers of more than 10,240 bytes', async () => {
  expect(await send('/events/app', { headers: ['x-large', 'x'.repeat(10_240)] })).toMatchObject({ status: 431 });
});

test.each<[number, string, string, Answer]>([
  [500, 'Internal Server Error', 'throws', async () => Promise.reject(new Error('a secret'))],
  [503, 'Service Unavailable', 'exceeds its timeout', async () => setTimeout(700, { statusCode: 200 })],
])('the gateway answers %i with "%s" and nothing else when the function %s', async (status, message, _, does) => {
  expect(await send('/events/app', {}, does)).toMatchObject({ status, body: bodyWith(message) });
});

test('a stopped gateway accepts no requests and completes those under way', async () => {
  const other = await startHttpFront(functions, 0);
  last = undefined;
  answer = async () => {
    await setTimeout(50);
    return { statusCode: 204 };
  };
  const underWay = request(`${other.url}/events/app`);
  await expect.poll(() => last?.event.rawPath).toBe('/events/app');
  await other.stop();
  expect((await underWay).statusCode).toBe(204);
  await expect(request(`${other.url}/events/app`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a port that is in use is an error with advice', async () => {
  const { port } = new URL(front.url);
  await expect(startHttpFront(functions, Number(port))).rejects.toThrow(
    `port ${port} is in use: choose another with --port, 0 is any`,
  );
});
