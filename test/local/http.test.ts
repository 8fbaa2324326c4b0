import { Buffer } from 'node:buffer';
import { setTimeout } from 'node:timers/promises';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startHttpFront } from '../../local/lambda/http.ts';
import type { HttpFunctions } from '../../local/lambda/invoke.ts';

type Answer = (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** What the function behind `/events/{source}` does in a test; it is called by real HTTP requests. */
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
const functions: HttpFunctions = { events: local('events'), 'account-api': local('account-api') };

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

/** The event that a request arrives as. */
async function eventOf(path: string, sent?: Sent): Promise<APIGatewayProxyEventV2> {
  await send(path, sent);
  if (last === undefined) throw new Error('no function was called');
  return last.event;
}

describe('an event in payload format 2.0', () => {
  test.each(['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('has the method: %s', async (method) => {
    const event = await eventOf('/events/app', { method });
    expect(event.requestContext.http.method).toBe(method);
  });

  test('has the route it was found by, and the path parameters', async () => {
    const event = await eventOf('/events/app');
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /events/{source}',
      rawPath: '/events/app',
      pathParameters: { source: 'app' },
      requestContext: { routeKey: 'ANY /events/{source}', stage: '$default', http: { sourceIp: '127.0.0.1' } },
    });
  });

  test('has no path parameters where the route has none', async () => {
    expect(await eventOf('/v3/device/account/query')).not.toHaveProperty('pathParameters');
  });

  test.each([
    ['/events/%61pp', '/events/app'],
    ['/events/a%2Fb', '/events/a/b'],
    ['/events/a%2561', '/events/a%2561'],
    ['/events/a%ff', '/events/a%ff'],
  ])('has the path decoded, but for the escape of the percent sign: %s', async (sent, rawPath) => {
    expect((await eventOf(sent)).rawPath).toBe(rawPath);
  });

  test('has header names in lower case and the values of one name joined with commas', async () => {
    const { headers } = await eventOf('/events/app', { headers: ['X-Thing', '1', 'x-thing', '2', 'Other', 'Kept'] });
    expect(headers).toMatchObject({ 'x-thing': '1,2', other: 'Kept', 'x-forwarded-for': '127.0.0.1' });
  });

  test('has cookies in a field of their own', async () => {
    const event = await eventOf('/events/app', { headers: ['Cookie', 'a=1; b=2'] });
    expect(event.cookies).toEqual(['a=1', 'b=2']);
    expect(event.headers).not.toHaveProperty('cookie');
  });

  test('has the query string as it was sent, and its values decoded and joined', async () => {
    const event = await eventOf('/events/app?a=1&a=2&b=%20');
    expect(event.rawQueryString).toBe('a=1&a=2&b=%20');
    expect(event.queryStringParameters).toEqual({ a: '1,2', b: ' ' });
  });

  test('has no query string parameters where the path has no query', async () => {
    const event = await eventOf('/events/app');
    expect(event.rawQueryString).toBe('');
    expect(event).not.toHaveProperty('queryStringParameters');
  });

  test('has no body where none was sent', async () => {
    const event = await eventOf('/events/app');
    expect(event.isBase64Encoded).toBe(false);
    expect(event).not.toHaveProperty('body');
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
  ])('has a body of type %s in base64: %s', async (type, isBase64Encoded) => {
    const headers = type === undefined ? [] : ['content-type', type];
    const event = await eventOf('/events/app', { headers, body: '{"a":"é"}' });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe('{"a":"é"}');
  });

  test('has an id of its own, which the answer carries too', async () => {
    const { headers } = await send('/events/app');
    const first = last?.event.requestContext.requestId;
    expect(headers['apigw-requestid']).toBe(first);
    expect((await eventOf('/events/app')).requestContext.requestId).not.toBe(first);
  });
});

test('a function is told who it is and how long it may still take', async () => {
  await send('/events/app');
  expect(last?.context).toMatchObject({ functionName: 'events', memoryLimitInMB: '512' });
  expect(last?.context.getRemainingTimeInMillis()).toBeLessThanOrEqual(200);
});

describe("the function's result", () => {
  test('is the answer: status, headers, cookies and body', async () => {
    const result = { statusCode: 202, headers: { 'x-thing': 1 }, cookies: ['a=1', 'b=2'], body: '"ü"' };
    const { status, headers, body } = await send('/events/app', {}, async () => result);
    expect({ status, body }).toEqual({ status: 202, body: '"ü"' });
    expect(headers).toMatchObject({ 'x-thing': '1', 'set-cookie': ['a=1', 'b=2'] });
  });

  test('is decoded where it is in base64', async () => {
    const { body } = await send('/events/app', {}, async () => ({
      statusCode: 200,
      body: btoa('plain'),
      isBase64Encoded: true,
    }));
    expect(body).toBe('plain');
  });
});

describe('the gateway itself answers', () => {
  const said = (message: string) => JSON.stringify({ message });

  test.each([
    '/',
    '/events',
    '/events/',
    '/events/app/',
    '/events/app/more',
    '/v3/device/account',
    '/V3/device/account/query',
  ])('404 where there is no route: %s', async (path) => {
    expect(await send(path)).toMatchObject({ status: 404, body: said('Not Found') });
    expect(last).toBeUndefined();
  });

  test('413 where the body is larger than 10 MB', async () => {
    const most = Buffer.alloc(10 * 1024 * 1024, 'x');
    expect(await send('/events/app', { body: most })).toMatchObject({ status: 200 });
    const sent = await send('/events/app', { body: Buffer.concat([most, Buffer.from('x')]) });
    expect(sent).toMatchObject({ status: 413, body: said('Request Entity Too Large') });
    expect(last).toBeUndefined();
  });

  test('431 where the headers are larger than 10,240 bytes', async () => {
    expect(await send('/events/app', { headers: ['x-large', 'x'.repeat(10_240)] })).toMatchObject({ status: 431 });
  });

  test('500 where the function throws, without saying what', async () => {
    const sent = await send('/events/app', {}, async () => Promise.reject(new Error('a secret')));
    expect(sent).toMatchObject({ status: 500, body: said('Internal Server Error') });
  });

  test('503 where the function takes longer than it may', async () => {
    const sent = await send('/events/app', {}, async (_, context) => {
      await setTimeout(context.getRemainingTimeInMillis() + 500);
      return { statusCode: 200 };
    });
    expect(sent).toMatchObject({ status: 503, body: said('Service Unavailable') });
  });
});

test('a stopped front takes no more requests and lets those under way end', async () => {
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
