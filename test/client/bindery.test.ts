import { inspect } from 'node:util';
import { jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { Bindery, type BinderyOptions } from '../../client/bindery.ts';
import { type Scripted, scriptedServer } from './server.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOW = Date.parse('2026-11-28T12:00:00.000Z');
const AT = '2026-11-28T11:59:00Z';

/** A client of a scripted server, and the events that it sent: their signatures are verified. */
async function sender(options: Partial<BinderyOptions> = {}, ...script: Scripted[]) {
  const { url, received } = await scriptedServer(...script);
  const bindery = new Bindery({ url: `${url}/`, source: 'my app', secret: SECRET, reader: 'r-secret', ...options });
  const sent = () => received.map(({ body }) => JSON.parse(body));
  const times = () => sent().map((event) => Date.parse(event.timestamp));
  return { bindery, received, sent, times };
}

test('each call sends its event with the data given, under a signature that the library of Standard Webhooks verifies', async () => {
  const { bindery, received, sent } = await sender();
  const device = { app: 'shop', token: 't-é' };
  const lease = new Date('2026-12-01T00:00:00.000Z');
  await bindery.login({ ...device, account: 'alice', session_id: 's', expires_at: lease, at: new Date(NOW) });
  await bindery.logout({ scope: 'session', session_id: 's', account: 'alice', at: AT });
  await bindery.logoutEverywhere({ account: 'alice', except: { session_id: 's' }, at: AT });
  await bindery.deleted({ account: 'alice', account_type: 3, at: AT });
  await bindery.tokenChanged({ ...device, old_token: 't0', accounts: [], at: AT });
  await bindery.gone([
    { ...device, at: AT },
    { token: 't2', at: new Date(NOW) },
  ]);
  const data = { account: 'alice' };
  const login = { ...device, ...data, session_id: 's', expires_at: '2026-12-01T00:00:00.000Z' };
  const [logout, everywhere] = [{ scope: 'session', session_id: 's' }, { except: { session_id: 's' } }];
  const id = received.at(-1)?.headers['webhook-id'];
  expect(sent()).toEqual([
    { type: 'user.login', timestamp: '2026-11-28T12:00:00.000Z', data: login },
    { type: 'user.logout', timestamp: AT, data: { ...logout, ...data } },
    { type: 'user.logout_everywhere', timestamp: AT, data: { ...everywhere, ...data } },
    { type: 'user.deleted', timestamp: AT, data: { ...data, account_type: 3 } },
    { type: 'device.token_changed', timestamp: AT, data: { ...device, old_token: 't0', accounts: [] } },
    [
      { id: `${id}-0`, type: 'device.gone', timestamp: AT, data: device },
      { id: `${id}-1`, type: 'device.gone', timestamp: '2026-11-28T12:00:00.000Z', data: { token: 't2' } },
    ],
  ]);
  for (const { path, headers, body } of received) {
    expect(path).toBe('/events/my%20app');
    expect(() => new Webhook(SECRET).verify(body, headers as Record<string, string>)).not.toThrow(); // has no lists
  }
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(6);
});

test('a message is the same event whether it is sent at once or kept, and has one id', async () => {
  const { bindery, received } = await sender();
  const message = bindery.message('user.login', { token: 't1', account: 'alice' });
  await bindery.send(message);
  await bindery.send(message);
  expect(received.map(({ headers, body }) => ({ id: headers['webhook-id'], body }))).toEqual([message, message]);
});

test('events about one token or one account have times one after another, though the clock stands still or goes back', async () => {
  let now = NOW;
  const { bindery, times } = await sender({ now: () => now });
  await bindery.login({ token: 'AB', account: 'alice' });
  await bindery.logoutEverywhere({ account: 'alice' });
  await bindery.login({ token: 't2', accounts: [{ account: 'bob' }, { account: 'alice' }] });
  now = NOW - 3_600_000;
  await bindery.tokenChanged({ old_token: 'ab', token: 't3' });
  await bindery.logout({ token: 't3' });
  await bindery.login({ token: 't4', account: 'carol' });
  expect(times().map((ms) => ms - NOW)).toEqual([0, 1, 2, 1, 2, -3_600_000]);
});

test("a caller's own time is sent as it is, and later events are later; one that is far ahead is not counted", async () => {
  const { bindery, sent, times } = await sender({ now: () => NOW });
  await bindery.login({ token: 't1', account: 'alice', at: '2026-11-28T12:00:01+00:00' });
  await bindery.logout({ token: 't1' });
  await bindery.logout({ token: 't2', at: new Date(NOW + 60_000) });
  await bindery.logout({ token: 't2', at: 'never' });
  await bindery.login({ token: 't2', account: 'bob' });
  expect(sent()[0].timestamp).toBe('2026-11-28T12:00:01+00:00');
  expect(times().map((ms) => ms - NOW)).toEqual([1_000, 1_001, 60_000, Number.NaN, 0]);
});

test('the clock keeps 10,000 tokens and accounts, and forgets none of their times', async () => {
  let now = NOW;
  const { bindery } = await sender({ now: () => now });
  const timeOf = (token: string) => JSON.parse(bindery.message('user.logout', { token }).body).timestamp;
  expect(timeOf('t0')).toBe('2026-11-28T12:00:00.000Z');
  now = NOW - 60_000;
  for (let i = 1; i < 10_000; i += 1) timeOf(`t${i}`);
  expect(timeOf('t-new')).toBe('2026-11-28T11:59:00.000Z');
  expect(timeOf('t0')).toBe('2026-11-28T12:00:00.001Z');
  expect(timeOf('t-newer')).toBe('2026-11-28T12:00:00.001Z');
});

const device = (token: string) => ({ app: 'shop', platform: 'android', token, bound_at: AT, fence: 'f' });

test('resolve asks for 100 accounts at a time, follows the cursors, and joins the devices of an account', async () => {
  const alice = (...tokens: string[]) => ({ account: 'alice', account_type: 0, devices: tokens.map(device) });
  const bob = { account: 'bob', account_type: 0, devices: [] };
  const { bindery, received, sent } = await sender(
    {},
    { status: 200, body: { accounts: [alice('t1', 't2')], cursor: 'c1' } },
    { status: 503, headers: { 'retry-after': '0' } },
    { status: 200, body: { accounts: [alice('t3'), bob] } },
    { status: 200, body: { accounts: [{ ...bob, account_type: 1 }] } },
  );
  const accounts = Array.from({ length: 101 }, (_, i) => ({ account: `a${i}` }));
  expect(await bindery.resolve(accounts, { apps: ['shop'] })).toEqual([
    alice('t1', 't2', 't3'),
    bob,
    { ...bob, account_type: 1 },
  ]);
  const first = { accounts: accounts.slice(0, 100), apps: ['shop'] };
  const second = { ...first, cursor: 'c1' };
  expect(sent()).toEqual([first, second, second, { accounts: accounts.slice(100), apps: ['shop'] }]);
  expect(new Set(received.map(({ path, headers }) => `${path} ${headers.authorization}`))).toEqual(
    new Set(['/v1/resolve Bearer r-secret']),
  );
});

test('a ticket is a JSON Web Token of a minute, later than the events about its account', async () => {
  const { bindery, times } = await sender({ now: () => NOW + 500 });
  await bindery.logoutEverywhere({ account: 'älice' });
  const ticket = await bindery.ticket({ account: 'älice', account_type: 2, session_id: 's-1' });
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const { payload } = await jwtVerify(ticket, key, { algorithms: ['HS256'], currentDate: new Date(NOW) });
  const iat = (NOW + 501) / 1000;
  expect(payload).toEqual({
    iss: 'my app',
    sub: 'älice',
    account_type: 2,
    sid: 's-1',
    iat,
    exp: Math.floor(iat) + 60,
  });
  expect(times()).toEqual([NOW + 500]);
});

test('a client without the secret of a call, or with a secret that is none, says so', async () => {
  const bindery = new Bindery({ url: 'http://127.0.0.1:9' });
  await expect(bindery.resolve([{ account: 'alice' }])).rejects.toThrow('resolve needs the option `reader`');
  expect(() => bindery.login({ token: 't', account: 'alice' })).toThrow('options `source` and `secret`');
  await expect(bindery.ticket({ account: 'alice' })).rejects.toThrow('options `source` and `secret`');
  for (const secret of ['', 'whsec_', 'whsec_c2hvcnQ=', SECRET.replace('M', '!'), `${SECRET}A`])
    expect(() => new Bindery({ url: 'http://127.0.0.1:9', source: 'app', secret })).toThrow(/must be whsec_/);
  expect(() => new Bindery({ url: 'bindery' })).toThrow('the option `url` is not a URL');
});

test('a secret may have v1, in front, padding that is wrong or missing, and blanks around it', async () => {
  for (const secret of [`v1,${SECRET}`, ` ${SECRET}\n`, `${SECRET}==`, SECRET.slice('whsec_'.length)])
    expect(() => new Bindery({ url: 'http://127.0.0.1:9', source: 'app', secret })).not.toThrow();
});

test('a client that is printed shows no secret', () => {
  const bindery = new Bindery({ url: 'http://127.0.0.1:9', source: 'app', secret: SECRET, reader: 'r-secret' });
  expect(inspect(bindery, { depth: 9, showHidden: true }) + JSON.stringify(bindery)).not.toMatch(/whsec_|r-secret/);
});
