import { Buffer } from 'node:buffer';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { EventsPorts } from '../../functions/events/handler.ts';
import { webhookKey } from '../../functions/events/signature.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { at, event, type Json, login, logout, NOW, signed, world } from '../world/events.ts';

const S1 = { session_id: 's1' };

const down = async () => {
  throw new Unavailable('TimeoutError');
};

test('a login binds the account with the default type of its source and removes the previous account', async () => {
  const { send, accountsOf, tokensOf } = world();
  await send(login({ account: 'alice' }, at(-20)));
  const reply = await send(login({ account: 'bobby' }, at(-10)));
  expect(reply).toMatchObject({ status: 200, body: { outcome: 'applied' } });
  expect(await accountsOf('phone', 't1')).toEqual(['7#bobby']);
  expect(await tokensOf('phone', 'alice')).toEqual([]);
});

test('a login may name several accounts, each with its type', async () => {
  const { send, accountsOf } = world();
  await send(login({ accounts: [{ account: 'alice' }, { account: 'a@x.com', account_type: 2 }] }));
  expect(await accountsOf('phone', 't1')).toEqual(['7#alice', '2#a@x.com']);
});

test('a login in append mode adds to the accounts of a token that holds many', async () => {
  const { send, accountsOf } = world();
  await send(login({ account: 'alice' }, at(-20)));
  await send(login({ account: 'bobby', mode: 'append' }, at(-10)));
  expect(await accountsOf('phone', 't1')).toEqual(['7#bobby', '7#alice']);
});

test('a token that holds one account of each type keeps other types, and the last of each type', async () => {
  const { send, accountsOf } = world();
  const onTablet = (data: Json, ms: number) => send(login({ app: 'tablet', ...data }, at(ms)));
  await onTablet({ account: 'mail1', account_type: 2 }, -30);
  await onTablet({ account: 'alice', mode: 'append' }, -20);
  await onTablet({ accounts: [{ account: 'bobby' }, { account: 'carol' }] }, -10);
  expect(await accountsOf('tablet', 't1')).toEqual(['7#carol', '2#mail1']);
});

test('a logout removes every account of the token', async () => {
  const { send, accountsOf } = world();
  await send(login({ accounts: [{ account: 'alice' }, { account: 'bobby' }] }, at(-2000)));
  expect(await send(logout())).toMatchObject({ status: 200 });
  await send(login({ account: 'later', mode: 'append' }, at(0)));
  expect(await accountsOf('phone', 't1')).toEqual(['7#later']);
});

test('a token that is gone loses the accounts of logins before that time, and no later one', async () => {
  const { send, accountsOf } = world();
  const gone = (ms: number) => send(event('device.gone', { app: 'phone', token: 't1' }, at(ms)));
  await send(login({ account: 'alice' }, at(-2000)));
  expect(await gone(-3000)).toMatchObject({ status: 200, body: { outcome: 'superseded' } });
  expect(await accountsOf('phone', 't1')).toEqual(['7#alice']);
  expect(await gone(-1000)).toMatchObject({ status: 200, body: { outcome: 'applied' } });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('a logout of one account keeps the others', async () => {
  const { send, accountsOf } = world();
  await send(login({ accounts: [{ account: 'alice' }, { account: 'bobby' }] }, at(-2000)));
  await send(logout({ scope: 'account', account: 'alice' }));
  expect(await accountsOf('phone', 't1')).toEqual(['7#bobby']);
});

test.each([
  ['user.logout_everywhere', {}, []],
  ['user.deleted', {}, []],
  ['user.logout_everywhere', { app: 'tablet' }, ['t1']],
])('%s reaches every app of the source, or the one that it names: %j', async (type, named, onPhone) => {
  const { send, tokensOf } = world();
  await send(login({ account: 'alice' }, at(-2000)));
  await send(login({ app: 'tablet', account: 'alice' }, at(-2000)));
  await send(event(type, { account: 'alice', ...named }));
  expect([await tokensOf('phone', 'alice'), await tokensOf('tablet', 'alice')]).toEqual([onPhone, []]);
});

test.each<[string, string, string[], [string[], string[]]]>([
  ['moves its accounts to the new token', 't2', ['alice'], [[], ['7#alice']]],
  ['without accounts leaves none on either token', 't2', [], [[], []]],
  ['to itself keeps its accounts', 't1', ['alice'], [['7#alice'], ['7#bobby']]],
])('a token that changed %s', async (_, token, names, expected) => {
  const { send, accountsOf } = world();
  await send(login({ account: 'alice' }, at(-2000)));
  await send(login({ token: 't2', account: 'bobby' }, at(-2000)));
  const accounts = names.map((account) => ({ account }));
  await send(event('device.token_changed', { app: 'phone', old_token: 't1', token, accounts }));
  expect([await accountsOf('phone', 't1'), await accountsOf('phone', 't2')]).toEqual(expected);
});

const changed = (data: Json, more?: Json) =>
  event('device.token_changed', { app: 'phone', old_token: 't1', token: 't2', ...data }, more);

test('a token change without accounts moves those of the old token, with their sessions and leases', async () => {
  const { send, accountsOf, queued } = world();
  const expires_at = at(86_400_000).timestamp;
  await send(login({ account: 'alice', ...S1, expires_at }, at(-3000)));
  await send(login({ account: 'bobby', mode: 'append' }, at(-2000)));
  await send(login({ account: 'later', mode: 'append' }, at(-500)));
  await send(changed({}));
  expect([await accountsOf('phone', 't1'), await accountsOf('phone', 't2')]).toEqual([
    ['7#later'],
    ['7#bobby', '7#alice'],
  ]);
  expect(queued.at(-1)).toMatchObject({ accounts: [{ id: 'bobby' }, { id: 'alice', untilMs: NOW + 86_400_000 }] });
  await send(logout({ token: 't2', ...S1, scope: 'session' }, at(-9000)));
  expect(await accountsOf('phone', 't2')).toEqual(['7#bobby']);
});

test('a token change without accounts that comes again leaves the new token as it is', async () => {
  const { send, accountsOf, queued } = world();
  await send(login({ account: 'alice' }, at(-3000)));
  await send(changed({}), { id: 'evt_moved' });
  await send(changed({}), { id: 'evt_moved' });
  expect(queued.slice(3)).toMatchObject([{ kind: 'unbindTokenFromAll', token: 't1' }]);
  expect(await accountsOf('phone', 't2')).toEqual(['7#alice']);
});

test('a token change without accounts to the same token keeps them', async () => {
  const { send, accountsOf } = world();
  await send(login({ account: 'alice' }, at(-3000)));
  await send(changed({ token: 't1' }));
  expect(await accountsOf('phone', 't1')).toEqual(['7#alice']);
});

test('a token change without accounts is not accepted while the registry cannot be read', async () => {
  const { send, queued } = world({ store: { ...memoryRegistryStore(), documents: down } });
  const message = 'nothing was accepted; send it again with the same id';
  expect(await send(changed({}))).toMatchObject({ status: 503, body: { code: 'unavailable', message } });
  expect(queued).toEqual([]);
});

test('a logout ends the session that a token change named, whatever the clocks say', async () => {
  const { send, accountsOf } = world();
  await send(changed({ accounts: [{ account: 'alice' }], ...S1 }));
  await send(logout({ token: 't2', ...S1 }, at(-5000)));
  expect(await accountsOf('phone', 't2')).toEqual([]);
});

test.each<[string, Json, string[], string[]]>([
  ['on a token', { token: 't1' }, ['7#bobby'], ['7#alice']],
  ['of an account', { token: undefined, account: 'alice' }, ['7#guest', '7#bobby'], []],
  ['on a token and of an account', { token: 't1', account: 'alice' }, ['7#bobby'], []],
])('the logout of a session %s removes what that session bound, and nothing else', async (_, named, onOne, onTwo) => {
  const { send, accountsOf } = world();
  await send(login({ accounts: [{ account: 'guest' }, { account: 'alice' }], ...S1 }, at(-4000)));
  await send(login({ account: 'bobby', mode: 'append', session_id: 's2' }, at(-3000)));
  await send(login({ token: 't2', account: 'alice', ...S1 }, at(-3000)));
  const reply = await send(logout({ scope: 'session', ...S1, ...named }, at(-9000)));
  expect(reply).toMatchObject({ status: 200, body: { outcome: 'applied' } });
  expect((await accountsOf('phone', 't1')).toSorted()).toEqual(onOne.toSorted());
  expect(await accountsOf('phone', 't2')).toEqual(onTwo);
});

test.each([
  [{}, [], []],
  [{ app: 'tablet' }, ['t1'], []],
])(
  'the logout of a session of an account reaches every app of the source, or the one that it names: %j',
  async (named, ...expected) => {
    const { send, tokensOf } = world();
    for (const app of ['phone', 'tablet']) await send(login({ app, account: 'alice', ...S1 }, at(-2000)));
    await send(event('user.logout', { scope: 'session', account: 'alice', ...S1, ...named }));
    expect([await tokensOf('phone', 'alice'), await tokensOf('tablet', 'alice')]).toEqual(expected);
  },
);

test('an event of two operations leaves the outcomes of the events after it in their places', async () => {
  const { send } = world();
  await send(login({ token: 't9', account: 'bobby' }, at(-1000)));
  const list = [
    { id: 'changed', ...changed({ accounts: [{ account: 'alice' }] }) },
    { id: 'late', ...login({ token: 't9', account: 'alice' }, at(-9000)) },
    { id: 'new', ...login({ token: 't9', account: 'carol' }, at(-500)) },
  ];
  expect(await send(list)).toMatchObject({
    body: { outcome: 'applied', events: ['applied', 'superseded', 'applied'].map((outcome) => ({ outcome })) },
  });
});

test('a sign-out everywhere may keep the session that asks for it', async () => {
  const { send, tokensOf } = world();
  await send(login({ account: 'alice', ...S1 }, at(-2000)));
  await send(login({ token: 't2', account: 'alice', session_id: 's2' }, at(-2000)));
  await send(event('user.logout_everywhere', { app: 'phone', account: 'alice', except: S1 }));
  expect(await tokensOf('phone', 'alice')).toEqual(['t1']);
});

test('a login whose lease has ended is not shown', async () => {
  const { send, accountsOf } = world();
  await send(login({ account: 'alice', expires_at: at(-500).timestamp }));
  expect(await accountsOf('phone', 't1')).toEqual([]);
  await send(login({ account: 'alice', expires_at: '9999-01-01T00:00:00Z' }, at(-1)));
  expect(await accountsOf('phone', 't1')).toEqual(['7#alice']);
});

test('all operations of one event have the same time and identity', async () => {
  const { send, queued } = world();
  await send(event('device.token_changed', { app: 'phone', old_token: 't1', token: 't2', accounts: [] }));
  const [left, bound] = queued.map(({ stamp }) => stamp);
  expect([queued.length, left]).toEqual([2, bound]);
});

test('an event may leave out the app if its source has one only', async () => {
  const { send, accountsOf } = world();
  const data = { token: 't1', account: 'alice', platform: 'android' };
  expect(await send(event('user.login', data), { source: 'single' })).toMatchObject({ status: 200 });
  expect(await accountsOf('phone', 't1')).toEqual(['0#alice']);
});

test('a login that arrives after its logout is superseded', async () => {
  const { send, accountsOf } = world();
  await send(logout({}, at(-10)));
  const reply = await send(login({ account: 'alice' }, at(-20)));
  expect(reply).toMatchObject({ status: 200, body: { events: [{ outcome: 'superseded' }] } });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('a request sent again, under the same message id, changes nothing', async () => {
  const { send, accountsOf } = world();
  const first = login({ account: 'alice' }, at(-20));
  await send(first, { id: 'evt_again' });
  await send(logout({}, at(-10)));
  await send(first, { id: 'evt_again' });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('two different logins of one millisecond and one message id leave one owner', async () => {
  const { send, accountsOf } = world();
  await send(login({ account: 'alice' }), { id: 'evt_reused' });
  await send(login({ account: 'bobby' }), { id: 'evt_reused' });
  expect(await accountsOf('phone', 't1')).toHaveLength(1);
});

test('a login of a session that was logged out has no effect, whatever the clocks say', async () => {
  const { send, accountsOf } = world();
  await send(logout({ session_id: 's1' }, at(-5000)));
  await send(login({ account: 'alice', session_id: 's1' }, at(3000)));
  expect(await accountsOf('phone', 't1')).toEqual([]);
  await send(login({ account: 'alice', session_id: 's2' }, at(3001)));
  expect(await accountsOf('phone', 't1')).toEqual(['7#alice']);
});

test('a login of an installation removes what its other tokens had bound in this app, whichever comes last', async () => {
  const { send, accountsOf } = world();
  const mine = { account: 'alice', installation_id: 'mine' };
  await send(login({ ...mine, token: 'reinstalled' }, at(-10)));
  expect((await send(login(mine, at(-20)))).body).toMatchObject({ outcome: 'superseded' });
  await send(login({ ...mine, app: 'tablet' }, at(-30)));
  await send(login({ ...mine, token: 'his', installation_id: 'his' }));
  expect([await accountsOf('phone', 't1'), await accountsOf('phone', 'reinstalled')]).toEqual([[], ['7#alice']]);
  expect([await accountsOf('tablet', 't1'), await accountsOf('phone', 'his')]).toEqual([['7#alice'], ['7#alice']]);
});

test('a list gets an outcome for each event, in the order sent', async () => {
  const { send } = world();
  const list = [
    login({ account: 'alice' }, { id: 'one', ...at(-30) }),
    logout({}, { id: 'two', ...at(-20) }),
    event('user.logout_everywhere', { account: 'alice' }, { id: 'three', ...at(-10) }),
  ];
  expect((await send(list)).body).toMatchObject({
    outcome: 'applied',
    events: [
      { id: 'one', outcome: 'superseded' },
      { id: 'two', outcome: 'applied' },
      { id: 'three', outcome: 'applied' },
    ],
  });
});

test('a list with one wrong event changes nothing', async () => {
  const { send, queued } = world();
  const reply = await send([login({ account: 'alice' }, { id: 'one' }), login({ account: '' }, { id: 'two' })]);
  expect(reply).toMatchObject({ status: 400, body: { issues: [{ path: '1.data.account' }] } });
  expect(queued).toEqual([]);
});

test.each([
  ['no events', [], ''],
  ['more than a hundred', Array.from({ length: 101 }, (_, i) => login({ account: 'alice' }, { id: `e${i}` })), ''],
  ['an event without an id', [login({ account: 'alice' })], '0.id'],
])('a list with %s is refused', async (_, list, path) => {
  expect(await world().send(list)).toMatchObject({ status: 400, body: { issues: [{ path }] } });
});

test.each<[string, unknown, string]>([
  ['an unknown type', event('user.logn', {}), 'type'],
  ['no timestamp', { type: 'user.logout', data: { app: 'phone', token: 't1' } }, 'timestamp'],
  ['a timestamp without a zone', login({ account: 'alice' }, { timestamp: '2026-11-22T12:00:00' }), 'timestamp'],
  ['no token', event('user.login', { app: 'phone', account: 'alice' }), 'data.token'],
  ['an empty token', login({ token: '', account: 'alice' }), 'data.token'],
  ['an account of one byte', login({ account: 'a' }), 'data.account'],
  ['no account', login({}), 'data.account'],
  ['account and accounts', login({ account: 'alice', accounts: [{ account: 'alice' }] }), 'data.account'],
  ['eleven accounts', login({ accounts: Array(11).fill({ account: 'alice' }) }), 'data.accounts'],
  ['a negative account type', login({ account: 'alice', account_type: -1 }), 'data.account_type'],
  ['a misspelt key', login({ account: 'alice', mod: 'append' }), 'data'],
  ['an app out of reach', login({ app: 'other', account: 'alice' }), 'data.app'],
  ['an app that does not exist', login({ app: 'nothing', account: 'alice' }), 'data.app'],
  ['no app where the source reaches several', login({ app: undefined, account: 'alice' }), 'data.app'],
  ["another platform than the app's", login({ account: 'alice', platform: 'ios' }), 'data.platform'],
  ['scope account without an account', logout({ scope: 'account' }), 'data.account'],
  ['no token at its logout', logout({ token: undefined }), 'data.token'],
  ['scope session without a session', logout({ scope: 'session' }), 'data.session_id'],
  ['neither token nor account', logout({ token: undefined, scope: 'session', session_id: 's' }), 'data.account'],
  ['a session to except when the account is deleted', event('user.deleted', { account: 'alice', except: S1 }), 'data'],
  ['an unknown key in a sign-out', event('user.logout_everywhere', { account: 'alice', excpt: S1 }), 'data'],
  ['a lease that ends with its login', login({ account: 'alice', expires_at: at(-1000).timestamp }), 'data.expires_at'],
  ['a number as its body', 7, ''],
  ['null as its body', null, ''],
])('an event with %s is refused and changes nothing', async (_, body, path) => {
  const { send, queued } = world();
  const reply = await send(body);
  expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_event', issues: [{ path }] } });
  expect(queued).toEqual([]);
});

test.each<[string, unknown, string, string]>([
  ['a missing field', event('user.login', { app: 'phone', account: 'alice' }), 'data.token', 'is missing'],
  ['a number as text', login({ account: 7 }), 'data.account', 'is not a text'],
  ['no zone', logout({}, { timestamp: '2026-11-22T12:00:00' }), 'timestamp', 'needs a zone such as Z or +01:00'],
  ['no time', logout({}, { timestamp: 'noonZ' }), 'timestamp', 'is not a time in ISO 8601'],
  ['an unknown type', event('user.logn', {}), 'type', 'is not user.login, user.logout'],
  [
    'a misspelt key',
    event('user.deleted', { account: 'alice', acount: 1 }),
    'data',
    'has "acount", which does not belong here; its keys are app, account, account_type',
  ],
  ['a key that may be a name', logout({ 'bob@x.com': 1 }), 'data', 'has a key, which does not belong here; its keys'],
  [
    'a key in an account',
    login({ accounts: [{ account: 'alice', typ: 1 }] }),
    'data.accounts.0',
    'its keys are account, account_type',
  ],
  ['an account that stays', logout({ account: 'alice' }), 'data.account', 'needs "scope": "account"'],
  ['a type of no account', logout({ account_type: 2 }), 'data.account_type', 'belongs to "account"'],
  ['too many', login({ accounts: Array(11).fill({ account: 'alice' }) }), 'data.accounts', 'has more than 10'],
  ['too large a type', login({ account: 'alice', account_type: 2 ** 31 }), 'data.account_type', 'is more than 21474'],
  ['too long an id', login({ account: 'alice', session_id: 's'.repeat(257) }), 'data.session_id', '256 characters'],
])('%s is named in plain words, after its place', async (_, body, path, message) => {
  const issue = { path, message: expect.stringContaining(message) };
  expect(await world().send(body)).toMatchObject({ status: 400, body: { issues: [issue] } });
});

test.each([
  'null',
  '(null)',
  'BLACKLISTED',
  '<0a1b2c3d 4e5f6071>',
  '{length = 32, bytes = 0x0a1b}',
  '-1',
  ' alice',
  'alice\n',
])('the name "%s" is refused in logins and token changes; removals take it', async (name) => {
  const { send } = world();
  for (const body of [
    login({ token: name, account: 'alice' }),
    login({ account: name }),
    login({ accounts: [{ account: name }] }),
    event('device.token_changed', { app: 'phone', old_token: 't1', token: name }),
    event('device.token_changed', { app: 'phone', old_token: 't1', token: 't2', accounts: [{ account: name }] }),
  ])
    expect(await send(body)).toMatchObject({ status: 400, body: { code: 'invalid_event' } });
  for (const body of [
    logout({ token: name, account: name, scope: 'account' }),
    event('user.deleted', { account: name }),
    event('device.token_changed', { app: 'phone', old_token: name, token: 't2' }),
  ])
    expect(await send(body)).toMatchObject({ status: 200 });
});

test('a token of hexadecimal digits is one token in either case on iOS, in every event', async () => {
  const { send, tokensOf } = world();
  const [upper, lower] = ['0A'.repeat(32), '0a'.repeat(32)];
  const onTablet = { app: 'tablet', account: 'alice' };
  await send(login({ ...onTablet, token: upper, ...S1 }, at(-9000)));
  expect(await tokensOf('tablet', 'alice')).toEqual([lower]);
  await send(login({ ...onTablet, token: lower, account: 'bobby' }, at(-8000)));
  expect(await tokensOf('tablet', 'alice')).toEqual([]);
  await send(event('device.token_changed', { app: 'tablet', old_token: upper, token: 'B'.repeat(64) }, at(-7000)));
  expect(await tokensOf('tablet', 'bobby')).toEqual(['b'.repeat(64)]);
  for (const [i, data] of [{}, { scope: 'account', account: 'bobby' }, { scope: 'session', ...S1 }].entries()) {
    await send(
      login(
        { app: 'tablet', account: 'bobby', token: lower, ...S1, session_id: i === 2 ? 's1' : `n${i}` },
        at(-6000 + i * 1000),
      ),
    );
    await send(logout({ app: 'tablet', token: upper, ...data }, at(-5500 + i * 1000)));
    expect(await tokensOf('tablet', 'bobby')).not.toContain(lower);
  }
});

test('a body that is not JSON is refused', async () => {
  for (const body of ['{"type":', '', Buffer.from([0xff, 0xfe])])
    expect(await world().send(body)).toMatchObject({ status: 400, body: { code: 'not_json' } });
});

test.each([
  ['more than five minutes ahead', 300_001],
  ['older than 35 days', -35 * 86_400_000 - 1],
])('a login %s is refused', async (_, ms) => {
  const { send, queued } = world();
  const list = [
    login({ account: 'alice' }, { id: 'a', ...at(ms) }),
    login({ account: 'bobby' }, { id: 'b', ...at(9000) }),
  ];
  expect(await send(list)).toMatchObject({ status: 422, body: { code: 'impossible_time' } });
  expect(queued).toEqual([]);
});

test('a login up to five minutes ahead is possible later: the answer says when, and the log how far clocks differ', async () => {
  const { send, queued } = world();
  const list = [logout({}, { id: 'a', ...at(90_000) }), login({ account: 'alice' }, { id: 'b', ...at(5001) })];
  expect(await send(list)).toEqual({
    status: 503,
    headers: { 'retry-after': '6' },
    body: {
      code: 'not_yet',
      message: 'timestamp is 6 seconds ahead of our clock; nothing was accepted; send it again when they are over',
      issues: [{ path: '1.timestamp', message: 'is more than 5 seconds in the future' }],
      request_id: expect.any(String),
    },
    line: { source: 'auth', outcome: 'unavailable', reason: 'not_yet', ahead_s: 6 },
  });
  expect(queued).toEqual([]);
});

test.each([
  ['whole seconds', '11:59:59Z', '11:59:59.999Z'],
  ['tenths of a second', '11:59:59.7+00:00', '11:59:59.799Z'],
])('a time in %s is a removal at its end and a bind at its beginning', async (_, coarse, end) => {
  const { send, accountsOf } = world();
  const time = (text: string) => ({ timestamp: `2026-11-22T${text}` });
  await send(login({ account: 'alice' }, time(end)));
  await send(login({ account: 'bobby', mode: 'append' }, time(coarse)));
  expect(await accountsOf('phone', 't1')).toEqual(['7#alice']);
  const reply = await send(logout({}, time(coarse)));
  expect(reply).toMatchObject({ status: 200, body: { outcome: 'applied' } });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('a logout from a clock far ahead removes a login that the same clock stamped', async () => {
  const { send, accountsOf } = world();
  await send(login({ account: 'alice' }, at(4_990)));
  expect(await send(logout({}, at(5_900)))).toMatchObject({ body: { outcome: 'applied' } });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('a refusal never quotes the request', async () => {
  const { send } = world();
  for (const body of [
    login({ account: 'a', 'canary.1': 1 }),
    event('canary', {}),
    login({ app: 'canary', account: 'alice' }),
    { canary: 'canary' },
    '"canary',
  ])
    expect(JSON.stringify(await send(body))).not.toContain('canary');
});

const asText = (body: string) => ({ ...signed(body), body });
const alice = JSON.stringify(login({ account: 'älice ✓' }));

test('a text body is verified and read as its bytes in UTF-8', async () => {
  const { handle, accountsOf } = world();
  expect((await handle(asText(alice))).status).toBe(200);
  expect((await handle({ ...asText(alice), body: alice.replace('ä', 'a') })).status).toBe(401);
  expect(await accountsOf('phone', 't1')).toEqual(['7#älice ✓']);
});

test('a text body may begin with a byte order mark', async () => {
  expect((await world().handle(asText(`\ufeff${alice}`))).status).toBe(200);
});

test('a text body is measured in bytes, not in characters', async () => {
  const padded = (bytes: number) => asText(`${alice}${' '.repeat(bytes - Buffer.byteLength(alice))}`);
  expect((await world().handle(padded(262_144))).status).toBe(200);
  expect((await world().handle(padded(262_145))).status).toBe(413);
  expect((await world().handle(asText('é'.repeat(140_000)))).status).toBe(413);
});

/** The request of a sender that signs a body and compresses it afterwards. */
const encoded = (body: string, bytes: Buffer, encoding = 'gzip') => {
  const request = signed(body);
  return { ...request, headers: { ...request.headers, 'content-encoding': encoding }, body: bytes };
};

test('a body in gzip is verified and read as what was compressed, also if a gateway has decoded it already', async () => {
  const { handle, accountsOf } = world();
  expect((await handle(encoded(alice, gzipSync(alice)))).status).toBe(200);
  expect(await accountsOf('phone', 't1')).toEqual(['7#älice ✓']);
  expect((await handle(encoded(alice, Buffer.from(alice)))).status).toBe(200);
  const { body, ...compressed } = signed(gzipSync(alice));
  expect(
    (await handle({ ...compressed, body, headers: { ...compressed.headers, 'content-encoding': 'GZIP' } })).status,
  ).toBe(401);
});

test.each<[string, Buffer, string, number, string]>([
  ['gzip of more than 256 KiB', gzipSync(' '.repeat(10_000_000)), 'gzip', 413, 'too_large'],
  ['broken gzip', gzipSync(alice).subarray(0, 30), 'gzip', 400, 'not_gzip'],
  ['another encoding', brotliCompressSync(alice), 'br', 415, 'unknown_encoding'],
])('a body in %s is refused', async (_, bytes, encoding, status, code) => {
  const { handle, queued } = world();
  expect(await handle(encoded(alice, bytes, encoding))).toMatchObject({ status, body: { code } });
  expect(queued).toEqual([]);
});

test('a 401 and its line say which header is wrong, and how far the clocks differ', async () => {
  const { headers, ...request } = signed(login({ account: 'alice' }));
  const late = { ...headers, 'webhook-timestamp': `${NOW / 1000 - 600}` };
  const fault = 'webhook-timestamp is 600 seconds behind our clock; 300 are allowed';
  expect(await world().handle({ ...request, headers: late })).toMatchObject({
    status: 401,
    body: { code: 'not_signed', message: fault },
    line: { source: 'auth', outcome: 'refused', reason: 'not_signed', fault, clock_s: -600 },
  });
});

test('a signature that does not match is our fault while the newest secret cannot be used, and only then', async () => {
  const wrong = webhookKey('whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD');
  const answerWith = (...keys: Awaited<ReturnType<EventsPorts['keysOf']>>) =>
    world({ keysOf: async () => keys }).send(login({ account: 'alice' }));
  const message = 'nothing was accepted; send it again with the same id';
  for (const keys of [[undefined], [undefined, wrong], []])
    expect(await answerWith(...keys)).toMatchObject({
      status: 503,
      body: { code: 'unavailable', message },
      line: { outcome: 'unavailable', reason: 'secret_unusable' },
    });
  expect(await answerWith(wrong, undefined)).toMatchObject({ status: 401 });
  const { headers, ...request } = signed({});
  const { status } = await world({ keysOf: async () => [undefined] }).handle({ ...request, headers: {} });
  expect([status, headers]).toMatchObject([401, {}]);
});

test.each<[string, (request: ReturnType<typeof signed>) => ReturnType<typeof signed>, number]>([
  ['an unknown source', (request) => ({ ...request, path: '/events/unknown' }), 404],
  ['a name that objects inherit', (request) => ({ ...request, path: '/events/constructor' }), 404],
  ['another path', (request) => ({ ...request, path: '/events' }), 404],
  ['another method', (request) => ({ ...request, method: 'GET' }), 405],
  ['a body over 256 KiB', (request) => ({ ...request, body: Buffer.alloc(262_145, ' ') }), 413],
  ['no signature', (request) => ({ ...request, headers: {} }), 401],
  [
    'a changed body',
    (request) => ({ ...request, body: Buffer.concat([Buffer.from(request.body), Buffer.from(' ')]) }),
    401,
  ],
])('%s is refused and changes nothing', async (_, change, status) => {
  const { handle, queued } = world();
  const reply = await handle(change(signed(login({ account: 'alice' }))));
  expect(reply).toMatchObject({ status, body: { request_id: expect.any(String), code: expect.any(String) } });
  expect(queued).toEqual([]);
});

test('a request is not accepted while the queue is unavailable', async () => {
  const { send, accountsOf } = world({ enqueue: down });
  expect(await send(login({ account: 'alice' }))).toMatchObject({
    status: 503,
    headers: { 'retry-after': '1' },
    body: { message: 'it may or may not have been accepted; send it again with the same id' },
  });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('a request whose operations need more than one message is refused, and none of them is applied', async () => {
  const { send, accountsOf } = world({ enqueue: async () => ({ kind: 'tooLarge' }) });
  expect(await send(login({ account: 'alice' }))).toMatchObject({ status: 413, body: { code: 'too_large' } });
  expect(await accountsOf('phone', 't1')).toEqual([]);
});

test('a request is durable while the registry is unavailable', async () => {
  const { send, queued } = world({ apply: async (all) => all.map(() => ({ kind: 'unavailable', reason: 'x' })) });
  expect(await send(login({ account: 'alice' }))).toMatchObject({ status: 202, body: { outcome: 'durable' } });
  expect(queued).toHaveLength(1);
});

test('a request is not accepted while the secrets cannot be read', async () => {
  const { send, queued } = world({ keysOf: down });
  expect(await send(login({ account: 'alice' }))).toMatchObject({ status: 503 });
  expect(queued).toEqual([]);
});

test('the line of applied events has source, apps, number, age of the oldest event, and numbers of superseded events and of removals among them', async () => {
  const { send } = world();
  await send(login({ account: 'alice' }, at(-10)));
  const list = [
    login({ account: 'bobby' }, { ...at(-3_000), id: 'late' }),
    event('user.deleted', { account: 'carol' }, { ...at(-20), id: 'gone' }),
    logout({}, { ...at(-20), id: 'left' }),
  ];
  expect((await send(list)).line).toEqual({
    source: 'auth',
    app: 'phone,tablet',
    outcome: 'applied',
    events: 3,
    event_age_ms: 3_000,
    superseded: 2,
    superseded_removals: 1,
  });
});

test('the line of an event from a clock ahead of ours has no negative age', async () => {
  expect((await world().send(login({ account: 'alice' }, at(4_000)))).line).toMatchObject({ event_age_ms: 0 });
});

test('the line of a refusal has its reason, and its source if that exists', async () => {
  const { handle, send } = world();
  const refused = { source: 'auth', outcome: 'refused', reason: 'invalid_event' };
  expect((await send({})).line).toEqual({ ...refused, at: 'type' });
  expect((await send('"alice"')).line).toEqual({ ...refused, at: 'body' });
  const wrong = login({ account: 'alice', alice: 1, token: 7, accounts: [{ account: 'bobby', bobby: 1 }] });
  expect((await send([wrong])).line).toEqual({ ...refused, at: '0.data.token 0.data.accounts.0 0.data' });
  const { line } = await handle({ ...signed({}), path: '/events/unknown' });
  expect(line).toEqual({ outcome: 'refused', reason: 'unknown_source' });
});
