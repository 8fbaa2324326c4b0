const timestamp = '2026-01-01T08:30:00.125Z';
const app = 'xg-android';

/** One event of each type, and a list. */
export const EVENTS = {
  login: { type: 'user.login', timestamp, data: { app, token: 'phone-1', account: 'alice', session_id: 's-81' } },
  'login-of-several-accounts': {
    type: 'user.login',
    timestamp,
    data: {
      app,
      token: 'phone-1',
      accounts: [{ account: 'alice' }, { account: 'alice@example.com', account_type: 2 }],
      mode: 'append',
    },
  },
  logout: { type: 'user.logout', timestamp, data: { app, token: 'phone-1', session_id: 's-81' } },
  'logout-of-one-account': {
    type: 'user.logout',
    timestamp,
    data: { app, token: 'phone-1', scope: 'account', account: 'alice@example.com', account_type: 2 },
  },
  'logout-of-a-session': {
    type: 'user.logout',
    timestamp,
    data: { scope: 'session', account: 'alice', session_id: 's-81' },
  },
  'logout-everywhere': { type: 'user.logout_everywhere', timestamp, data: { account: 'alice' } },
  'logout-everywhere-else': {
    type: 'user.logout_everywhere',
    timestamp,
    data: { account: 'alice', except: { session_id: 's-81' } },
  },
  deleted: { type: 'user.deleted', timestamp, data: { account: 'alice' } },
  'token-changed': {
    type: 'device.token_changed',
    timestamp,
    data: { app, old_token: 'phone-1', token: 'phone-1-new', accounts: [{ account: 'alice' }] },
  },
  'token-changed-and-moved': {
    type: 'device.token_changed',
    timestamp,
    data: { app, old_token: 'phone-1', token: 'phone-1-new' },
  },
  gone: { type: 'device.gone', timestamp, data: { app, token: 'phone-1' } },
  list: [
    { id: 'e-1', type: 'user.logout', timestamp, data: { app, token: 'phone-1' } },
    { id: 'e-2', type: 'user.login', timestamp, data: { app, token: 'phone-2', account: 'alice' } },
  ],
} as const;

const request_id = 'b8f1c6d2-0d0e-4a55-9f0e-3b1a7a3f1c55';

export const REPLIES = {
  applied: { outcome: 'applied', events: [{ id: 'evt_1', outcome: 'applied' }], request_id },
  durable: { outcome: 'durable', events: [{ id: 'evt_1', outcome: 'durable' }], request_id },
} as const;

const ISSUES = {
  invalid_event: [{ path: 'data.token', message: 'Invalid input: expected string, received undefined' }],
  impossible_time: [{ path: 'timestamp', message: 'is more than 35 days old' }],
  not_yet: [{ path: 'timestamp', message: 'is more than 5 seconds in the future' }],
} as const;

export const refusalOf = (code: string, message: string) => ({
  code,
  message,
  ...((code === 'invalid_event' || code === 'impossible_time' || code === 'not_yet') && { issues: ISSUES[code] }),
  request_id,
});
