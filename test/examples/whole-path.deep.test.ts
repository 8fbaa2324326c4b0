import { expect, test } from 'vitest';
import * as z from 'zod';
import { Bindery } from '../../client/bindery.ts';
import { apns } from '../../examples/apns.ts';
import { fcm } from '../../examples/fcm.ts';
import { deliver, type SendOne } from '../../examples/send.ts';
import type { Instance } from '../../local/description.ts';
import { temporaryFolder } from '../local/instance.ts';
import { bearerOf } from '../local/phone.ts';
import { started } from '../local/process.ts';
import { apnsStandIn } from './apns-stand-in.ts';
import { fcmStandIn } from './fcm-stand-in.ts';

const IPHONES = ['1', '2'].map((digit) => digit.repeat(64));
const HELLO = { text: 'hello' };

const clientOf = ({ url, sources: [source], readers: [reader] }: Instance): Bindery =>
  new Bindery({ url, source: source?.id, secret: source?.secret, reader: reader?.secret });

/** Signs a phone in with a bearer of the development identity, as an app does. Returns the phone's fence. */
async function signIn(instance: Instance, account: string, token: string): Promise<string> {
  const bearer = await bearerOf(instance, account);
  const response = await fetch(`${instance.url}/devices/xg-android/sign-in`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ token }),
  });
  expect(response.status).toBe(200);
  return z.object({ fence: z.string() }).parse(await response.json()).fence;
}

/** Sends to one account through an instance in a process of its own. */
const senderTo = (bindery: Bindery, apps: readonly string[], sendOne: SendOne) => (account: string) =>
  deliver({ bindery, apps, sendOne }, [{ account }]);

const devicesOf = async (bindery: Bindery, account: string) =>
  (await bindery.resolve([{ account }])).flatMap(({ devices }) => devices.map(({ token }) => token));

test('a message for Alice that FCM keeps is not shown once Bob has signed in, and a token that is gone is unbound', async () => {
  const { instance, end, err } = await started(temporaryFolder());
  const bindery = clientOf(instance);
  const registered = new Set(['phone-1', 'phone-2']);
  const service = await fcmStandIn(registered, 'access');
  const { url, kept } = service;
  service.faults.push({ status: 503, code: 'UNAVAILABLE', retryAfter: '1' });
  const sendOne = fcm({ project: 'shop', accessToken: async () => 'access', data: HELLO, url });
  const sendTo = senderTo(bindery, ['xg-android'], sendOne);

  const aliceFence = await signIn(instance, 'alice', 'phone-1');
  await bindery.login({ app: 'xg-android', token: 'phone-2', account: 'alice', session_id: 's-1' });
  expect(await sendTo('alice')).toEqual({ sent: 2, gone: 0, later: 0, failed: 0, unreported: 0 });
  const forPhone = kept.find(({ token }) => token === 'phone-1');
  expect(forPhone?.data['fence']).toBe(aliceFence);

  // The phone compares: Bob has another fence, and it is that of the next message.
  const bobFence = await signIn(instance, 'bob', 'phone-1');
  expect(bobFence).not.toBe(forPhone?.data['fence']);
  expect(await sendTo('bob')).toMatchObject({ sent: 1 });
  expect(kept.at(-1)).toMatchObject({ token: 'phone-1', data: { fence: bobFence } });
  expect(await devicesOf(bindery, 'alice')).toEqual(['phone-2']);

  registered.delete('phone-2');
  expect(await sendTo('alice')).toEqual({ sent: 0, gone: 1, later: 0, failed: 0, unreported: 0 });
  expect(await devicesOf(bindery, 'alice')).toEqual([]);
  expect(await sendTo('alice')).toEqual({ sent: 0, gone: 0, later: 0, failed: 0, unreported: 0 });

  service.stop();
  expect(await end('SIGTERM')).toBe(0);
  expect(await err).not.toMatch(/alice|bob|phone-\d/);
});

test('a phone that signed in again after the time of a 410 stays, and one that did not is unbound', async () => {
  const { instance, end, err } = await started(temporaryFolder());
  const bindery = clientOf(instance);
  const [back = '', dead = ''] = IPHONES;
  const app = 'xg-ios';
  const loggedInMs = Date.now();
  for (const token of IPHONES)
    await bindery.login({ app, token, account: 'carol', at: new Date(loggedInMs).toISOString() });
  const service = await apnsStandIn(
    new Map([
      [back, loggedInMs - 60_000],
      [dead, loggedInMs + 1],
    ]),
  );
  const { key, url } = service;
  const own = { key, url, keyId: 'KEY1234567', teamId: 'TEAM123456', topic: 'com.example.shop' };
  const sender = apns({ ...own, alert: { title: 'Shop', body: 'Something new' }, data: HELLO });

  expect(await senderTo(bindery, [app], sender.sendOne)('carol')).toEqual({
    sent: 0,
    gone: 2,
    later: 0,
    failed: 0,
    unreported: 0,
  });
  expect(await devicesOf(bindery, 'carol')).toEqual([back]);

  sender.close();
  service.stop();
  expect(await end('SIGTERM')).toBe(0);
  expect(await err).not.toMatch(/carol|1{64}|2{64}/);
});
