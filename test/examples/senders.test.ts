import { afterEach, expect, test } from 'vitest';
import type { Bindery, Device } from '../../client/bindery.ts';
import { apns } from '../../examples/apns.ts';
import { fcm } from '../../examples/fcm.ts';
import { type Delivery, deliver, type SendOne } from '../../examples/send.ts';
import { apnsStandIn } from './apns-stand-in.ts';
import { fcmStandIn } from './fcm-stand-in.ts';

const PHONES = ['aa', 'bb', 'cc'];
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const device = (token: string): Device => ({
  app: 'shop',
  platform: 'android',
  token,
  bound_at: '2026-01-01T00:00:00.000Z',
  fence: `fence-of-${token}`,
});

/** Delivers to phones that a stand-in of Bindery knows. Notes the pauses, and the tokens that are reported. */
async function delivered(sendOne: SendOne, tokens: readonly string[] = PHONES, isDown = false) {
  const gone: Parameters<Bindery['gone']>[0][number][] = [];
  const pauses: number[] = [];
  const bindery: Delivery['bindery'] = {
    resolvePages: async function* () {
      yield [{ account: 'alice', account_type: 0, devices: tokens.map(device) }];
    },
    gone: async (some) => {
      if (isDown) throw new Error('events are not accepted');
      gone.push(...some);
      return { outcome: 'applied', events: [], request_id: '' };
    },
  };
  const pause = async (ms: number) => void pauses.push(ms);
  const before = Date.now();
  const report = await deliver({ bindery, apps: ['shop'], sendOne, pause }, [{ account: 'alice' }]);
  return { report, gone, pauses, before };
}

async function fcmSender(registered = PHONES) {
  const service = await fcmStandIn(new Set(registered), 'access');
  stops.push(service.stop);
  const options = { project: 'shop', accessToken: async () => 'access', data: { text: 'hello' }, url: service.url };
  return { service, options, sendOne: fcm(options) };
}

async function apnsSender(dead: Readonly<Record<string, number>> = {}, topic = 'com.example.shop') {
  const service = await apnsStandIn(new Map(PHONES.map((token) => [token, dead[token] ?? 'registered'])));
  const { key, url } = service;
  const own = { key, url, keyId: 'KEY1234567', teamId: 'TEAM123456', topic };
  const sender = apns({
    ...own,
    alert: { title: 'Shop', body: 'Something new' },
    data: { text: 'hello', fence: 'not of this device' },
  });
  stops.push(sender.close, service.stop);
  return { service, sendOne: sender.sendOne };
}

test('a message by FCM is data with the fence of its device, and has a short life', async () => {
  const { service, sendOne } = await fcmSender();
  expect((await delivered(sendOne)).report).toEqual({ sent: 3, gone: 0, later: 0, failed: 0, unreported: 0 });
  expect(service.kept).toContainEqual({
    token: 'aa',
    data: { text: 'hello', fence: 'fence-of-aa' },
    android: { priority: 'high', ttl: '300s' },
  });
});

test('a token that FCM calls unregistered is reported with the time of the question', async () => {
  const { sendOne } = await fcmSender(['aa']);
  const { report, gone, before } = await delivered(sendOne);
  expect(report).toEqual({ sent: 1, gone: 2, later: 0, failed: 0, unreported: 0 });
  expect(gone).toMatchObject([{ app: 'shop', token: 'bb' }, { token: 'cc' }]);
  for (const { at } of gone) expect(new Date(at).getTime() - before).toBeLessThan(50);
});

test('messages go out although tokens that are gone cannot be reported', async () => {
  const { sendOne } = await fcmSender(['aa', 'cc']);
  expect((await delivered(sendOne, PHONES, true)).report).toMatchObject({ sent: 2, gone: 1, unreported: 1 });
});

test('a busy FCM is asked again after its pause, or after growing ones, and four times at most', async () => {
  const { service, sendOne } = await fcmSender();
  service.faults.push({ status: 429, code: 'QUOTA_EXCEEDED', retryAfter: '7' }, { status: 503, code: 'UNAVAILABLE' });
  const { report, pauses } = await delivered(sendOne, ['aa']);
  expect(report).toEqual({ sent: 1, gone: 0, later: 0, failed: 0, unreported: 0 });
  expect(pauses[0]).toBe(7_000);
  expect(pauses[1]).toBeGreaterThan(1_000);
  service.faults.push(...Array.from({ length: 4 }, () => ({ status: 503, code: 'UNAVAILABLE', retryAfter: '1' })));
  expect((await delivered(sendOne, ['aa'])).report).toEqual({ sent: 0, gone: 0, later: 1, failed: 0, unreported: 0 });
  expect(service.faults).toEqual([]);
});

test('a pause that FCM asks for is not made if it is long: the sender resolves again before', async () => {
  const { service, sendOne } = await fcmSender();
  service.faults.push({ status: 429, code: 'QUOTA_EXCEEDED', retryAfter: '60' });
  expect(await delivered(sendOne, ['aa'])).toMatchObject({ report: { later: 1 }, pauses: [] });
});

test('an invalid message, a wrong project and a wrong credential unbind no phone', async () => {
  const { options, sendOne } = await fcmSender();
  const failed = { report: { sent: 0, gone: 0, later: 0, failed: 1, unreported: 0 }, gone: [] };
  expect(await delivered(sendOne, ['not a token'])).toMatchObject(failed);
  expect(await delivered(fcm({ ...options, project: 'other' }), ['aa'])).toMatchObject(failed);
  expect(await delivered(fcm({ ...options, accessToken: async () => 'x' }), ['aa'])).toMatchObject(failed);
  expect(await delivered(fcm({ ...options, url: 'http://127.0.0.1:9' }), ['aa'])).toMatchObject({
    report: { later: 1 },
  });
});

test('a message by APNs has a neutral text, and the private part beside the fence', async () => {
  const { service, sendOne } = await apnsSender();
  expect((await delivered(sendOne)).report).toEqual({ sent: 3, gone: 0, later: 0, failed: 0, unreported: 0 });
  expect(service.shown).toContainEqual({
    token: 'aa',
    aps: { alert: { title: 'Shop', body: 'Something new' }, 'mutable-content': 1 },
    fence: 'fence-of-aa',
    text: 'hello',
  });
});

test('a token that APNs calls unregistered is reported with the time that APNs names', async () => {
  const { sendOne } = await apnsSender({ bb: 1_760_000_000_123 });
  const { report, gone } = await delivered(sendOne);
  expect(report).toEqual({ sent: 2, gone: 1, later: 0, failed: 0, unreported: 0 });
  expect(gone).toEqual([{ app: 'shop', token: 'bb', at: new Date(1_760_000_000_123) }]);
});

test('a busy APNs is asked again, and what it refuses unbinds no phone', async () => {
  const { service, sendOne } = await apnsSender();
  service.faults.push({ status: 429, reason: 'TooManyRequests' }, { status: 503, reason: 'Shutdown', retryAfter: '2' });
  const { report, pauses } = await delivered(sendOne, ['aa']);
  expect(report).toEqual({ sent: 1, gone: 0, later: 0, failed: 0, unreported: 0 });
  expect(pauses).toHaveLength(2);
  expect(pauses[1]).toBe(2_000);
  const failed = { report: { sent: 0, gone: 0, later: 0, failed: 1, unreported: 0 }, gone: [] };
  expect(await delivered(sendOne, ['dd'])).toMatchObject(failed);
  expect(await delivered((await apnsSender({}, 'com.example.other')).sendOne, ['aa'])).toMatchObject(failed);
});

test('a sender of APNs connects again after its connection was lost', async () => {
  const { service, sendOne } = await apnsSender();
  await delivered(sendOne, ['aa']);
  service.hangUp();
  expect((await delivered(sendOne, ['aa'])).report).toMatchObject({ sent: 1 });
});
