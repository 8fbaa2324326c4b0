import { afterEach, expect, test, vi } from 'vitest';
import {
  Bindery,
  type BinderyOptions,
  GaveUpError,
  NotSignedError,
  RefusedError,
  signer,
} from '../../client/bindery.ts';
import { APPLIED, type Scripted, scriptedServer } from './server.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

afterEach(() => vi.restoreAllMocks());

/** Sends one login, with a token and an account that no error may show, to a server with this script. */
async function login(script: Scripted[], options: Partial<BinderyOptions> = {}, signal?: AbortSignal) {
  const { url, received } = await scriptedServer(...script);
  const bindery = new Bindery({ url, source: 'app', secret: SECRET, ...options });
  const startMs = performance.now();
  const result = await bindery.login({ token: 'canary-t', account: 'canary-a' }, { signal }).catch((error) => error);
  expect(`${result}${JSON.stringify(result)}${result.stack}`).not.toMatch(/canary|whsec_/);
  return { result, received, tookMs: performance.now() - startMs };
}

test('the signature is that of the example of Standard Webhooks', async () => {
  const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' };
  expect(await signer(SECRET)(message, 1_614_265_330_999)).toEqual({
    'webhook-id': message.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a request without a readable answer is repeated with its id and body until it is answered', async () => {
  const failures: Scripted[] = [
    { status: 503 },
    { status: 429 },
    'drop',
    { status: 500 },
    { status: 200, body: '<p>' },
  ];
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
  let now = Date.now();
  const { result, received } = await login(failures, { now: () => (now += 1_000) });
  expect(result).toEqual(APPLIED);
  expect(new Set(received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size).toBe(1);
  expect(new Set(received.map(({ headers }) => headers['webhook-signature'])).size).toBe(6);
});

test('an outcome that is superseded or refused is an answer, and no error', async () => {
  const body = { outcome: 'refused', events: [{ id: 'i', outcome: 'refused', reason: 'old' }], request_id: 'r' };
  expect((await login([{ status: 200, body }])).result).toEqual(body);
  const durable = { ...APPLIED, outcome: 'durable' };
  expect((await login([{ status: 202, body: durable }])).result).toEqual(durable);
});

test('a request that is refused is sent once, and its error has the code and the issues', async () => {
  const issues = [{ path: 'data.token', message: 'is missing' }];
  const body = { code: 'invalid_event', message: 'the body is not a valid event', issues, request_id: 'r' };
  const { result, received } = await login([{ status: 400, body }]);
  expect(result).toBeInstanceOf(RefusedError);
  expect(result).toMatchObject({ name: 'RefusedError', status: 400, code: 'invalid_event', issues });
  expect(result.message).toBe('HTTP 400: invalid_event: the body is not a valid event; data.token: is missing');
  expect(received).toHaveLength(1);
  const signed = await login([{ status: 401, body: { code: 'not_signed', message: 'webhook-id is missing' } }]);
  expect(signed.result).toBeInstanceOf(NotSignedError);
  expect(signed.result.message).toBe('HTTP 401: not_signed: webhook-id is missing');
});

test('a redirect is not followed, and the words of a server that is not Bindery stay out of the error', async () => {
  const moved = await login([{ status: 307, headers: { location: '/elsewhere' } }]);
  expect(moved.result).toMatchObject({ name: 'RefusedError', status: 307, code: undefined });
  expect(moved.received).toHaveLength(1);
  const echo = await login([
    { status: 404, body: { message: 'canary-t', issues: [{ path: '', message: 'canary-a' }] } },
  ]);
  expect(echo.result.message).toBe('HTTP 404');
});

test('a call ends within its time limit, and says why the last attempt failed', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const busy = { status: 503, body: { code: 'unavailable' }, headers: { 'retry-after': '60' } };
  const told = await login([busy], { timeLimitMs: 5_000 });
  expect(told.result).toBeInstanceOf(GaveUpError);
  expect(told.result).toMatchObject({ name: 'GaveUpError', attempts: 1, reason: 'HTTP 503: unavailable' });
  expect(told.tookMs).toBeLessThan(1_000); // no sense in waiting for a time that is past the limit
  const silent = await login(['hang', 'hang', 'hang'], { timeLimitMs: 400, attemptLimitMs: 50 });
  expect(silent.result).toMatchObject({ name: 'GaveUpError', reason: 'TimeoutError' });
  expect(silent.result.message).toMatch(/^gave up after [23] attempts: TimeoutError$/);
  expect(silent.tookMs).toBeLessThan(1_500);
  const bindery = new Bindery({ url: 'http://127.0.0.1:2', source: 'app', secret: SECRET, timeLimitMs: 50 });
  await expect(bindery.logout({ token: 't' })).rejects.toThrow('gave up after 1 attempt: ECONNREFUSED');
});

test('a signal ends a call, in an attempt and in a pause, with its own reason', async () => {
  const reason = new Error('the request of the user has ended');
  for (const script of [['hang'], [{ status: 503, headers: { 'retry-after': '20' } }]] satisfies Scripted[][]) {
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 100);
    const { result, tookMs } = await login(script, {}, stop.signal);
    expect(result).toBe(reason);
    expect(tookMs).toBeLessThan(1_500);
  }
  const { result, received } = await login([], {}, AbortSignal.abort(reason));
  expect([result, received]).toEqual([reason, []]);
});
