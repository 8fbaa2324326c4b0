import { describe, expect, test } from 'vitest';
import { COMMANDS, type EventValues, eventOf } from '../../cli/auth-event.ts';
import { AppEvent } from '../../functions/events/sources/standard-webhooks.ts';

const NOW = new Date('2026-11-22T09:30:00.000Z');

/** The event as it is sent. */
const sent = (command: string, values: EventValues) => JSON.parse(JSON.stringify(eventOf(command, values, NOW)));

const cases: [command: string, values: EventValues, data: object][] = [
  ['login', { app: 'a', token: 't', account: ['alice'] }, { app: 'a', token: 't', account: 'alice' }],
  [
    'login',
    { token: 't', account: ['alice'], 'account-type': '2', mode: 'append', session: 's', platform: 'ios' },
    { token: 't', account: 'alice', account_type: 2, mode: 'append', session_id: 's', platform: 'ios' },
  ],
  [
    'login',
    { token: 't', account: ['alice', 'bob'], 'account-type': '2' },
    {
      token: 't',
      accounts: [
        { account: 'alice', account_type: 2 },
        { account: 'bob', account_type: 2 },
      ],
    },
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
  ['token-changed', { 'old-token': 'o', token: 't' }, { old_token: 'o', token: 't', accounts: [] }],
];

describe('a command becomes an event that the service reads', () => {
  test.each(cases)('%s %j', (command, values, data) => {
    const event = sent(command, values);
    expect(event.data).toEqual(data);
    expect(AppEvent.safeParse(event)).toMatchObject({ success: true });
  });

  test('for each of the events that there are', () => {
    const types = AppEvent.def.options.flatMap(({ shape }) => shape.type.def.values);
    expect(Object.values(COMMANDS).sort()).toEqual(types.sort());
  });
});

test('an event happens now, or when it is said to have happened', () => {
  expect(sent('logout', { token: 't' }).timestamp).toBe('2026-11-22T09:30:00.000Z');
  expect(sent('logout', { token: 't', at: '2026-11-22T10:00:00+01:00' }).timestamp).toBe('2026-11-22T10:00:00+01:00');
});
