import { expect, test } from 'vitest';
import { EVENT_TYPES, type EventValues, type EventWord, eventOf } from '../../cli/send.ts';
import { AppEvent } from '../../functions/events/sources/standard-webhooks.ts';

const NOW = new Date('2026-11-22T09:30:00.000Z');

/** The event in JSON. */
const sent = (word: EventWord, values: EventValues) => JSON.parse(JSON.stringify(eventOf(word, values, NOW)));

const cases: [word: EventWord, values: EventValues, data: object][] = [
  ['login', { app: 'a', token: 't', account: ['alice'] }, { app: 'a', token: 't', account: 'alice' }],
  [
    'login',
    { token: 't', account: ['alice'], installation: 'i' },
    { token: 't', account: 'alice', installation_id: 'i' },
  ],
  [
    'login',
    { token: 't', account: ['alice'], 'account-type': '2', mode: 'append', session: 's', platform: 'ios' },
    { token: 't', account: 'alice', account_type: 2, mode: 'append', session_id: 's', platform: 'ios' },
  ],
  [
    'login',
    { token: 't', account: ['alice', 'bob'], 'account-type': '2' },
    { token: 't', accounts: ['alice', 'bob'].map((account) => ({ account, account_type: 2 })) },
  ],
  ['logout', { app: 'a', token: 't' }, { app: 'a', token: 't' }],
  [
    'logout',
    { token: 't', account: ['alice'], scope: 'account', session: 's' },
    { token: 't', account: 'alice', scope: 'account', session_id: 's' },
  ],
  ['logout-everywhere', { account: ['alice'] }, { account: 'alice' }],
  ['deleted', { account: ['alice'], app: 'a' }, { account: 'alice', app: 'a' }],
  [
    'token-changed',
    { app: 'a', 'old-token': 'o', token: 't', account: ['alice'] },
    { app: 'a', old_token: 'o', token: 't', accounts: [{ account: 'alice' }] },
  ],
  ['token-changed', { 'old-token': 'o', token: 't', session: 's' }, { old_token: 'o', token: 't', session_id: 's' }],
  [
    'token-changed',
    { 'old-token': 'o', token: 't', 'no-accounts': true },
    { old_token: 'o', token: 't', accounts: [] },
  ],
  ['gone', { app: 'a', token: 't', platform: 'ios' }, { app: 'a', token: 't', platform: 'ios' }],
  [
    'login',
    { token: 't', account: ['alice'], expires: '2026-11-23T00:00:00Z' },
    { token: 't', account: 'alice', expires_at: '2026-11-23T00:00:00Z' },
  ],
  [
    'logout',
    { account: ['alice'], scope: 'session', session: 's' },
    { account: 'alice', scope: 'session', session_id: 's' },
  ],
  [
    'logout-everywhere',
    { account: ['alice'], 'except-session': 's' },
    { account: 'alice', except: { session_id: 's' } },
  ],
];

test.each(cases)('the event of `send %s` with %j is valid', (word, values, data) => {
  const event = sent(word, values);
  expect(event.data).toEqual(data);
  expect(AppEvent.safeParse(event)).toMatchObject({ success: true });
});

test('every type of event has a word of `send`', () => {
  const types = AppEvent.def.options.flatMap(({ shape }) => shape.type.def.values);
  expect(Object.values(EVENT_TYPES).sort()).toEqual(types.sort());
});

test('the time of an event is now, or the one given with --at', () => {
  expect(sent('logout', { token: 't' }).timestamp).toBe('2026-11-22T09:30:00.000Z');
  expect(sent('logout', { token: 't', at: '2026-11-22T10:00:00+01:00' }).timestamp).toBe('2026-11-22T10:00:00+01:00');
});
