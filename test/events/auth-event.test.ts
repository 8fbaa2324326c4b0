import { describe, expect, test } from 'vitest';
import { scopeOf } from '../../functions/core/operation.ts';
import { eventHash } from '../../functions/core/stamp.ts';
import { type AuthEvent, operationsOf } from '../../functions/events/auth-event.ts';
import { account, app, session, token } from '../world/examples.ts';

const [many, onePerType] = [app('shop'), app('chat', 'one-per-type')];
const hash = eventHash('event');

/** What an event comes to, with the kind in each stamp for the stamp. */
const operations = (event: AuthEvent) =>
  operationsOf({ event, ms: 5, hash }).map(({ stamp, ...operation }) => ({ ...operation, stamp: stamp.slice(0, 15) }));

const login = {
  kind: 'login',
  token: token('phone'),
  accounts: [account('alice'), account('carol:1')],
  session: session('s1'),
} as const;
const bound = { token: token('phone'), accounts: login.accounts, session: login.session };

describe('a login', () => {
  test('leaves the token with exactly its accounts', () => {
    expect(operations({ ...login, app: many, mode: 'override' })).toEqual([
      { kind: 'bindOverriding', scope: 'token', app: 'shop', ...bound, stamp: '0000000000005.1' },
    ]);
  });

  test('that appends adds them, where a token may hold many accounts', () => {
    expect(operations({ ...login, app: many, mode: 'append' })).toEqual([
      { kind: 'bind', app: 'shop', ...bound, stamp: '0000000000005.0' },
    ]);
  });

  test('replaces its types alone where a token holds one account of each, appended or not', () => {
    const replaced = { kind: 'bindOverriding', scope: 'types', app: 'chat', ...bound, stamp: '0000000000005.1' };
    expect(operations({ ...login, app: onePerType, mode: 'override' })).toEqual([replaced]);
    expect(operations({ ...login, app: onePerType, mode: 'append' })).toEqual([replaced]);
  });
});

describe('a logout', () => {
  test('frees the token of every account, and ends the session', () => {
    expect(operations({ kind: 'logout', app: many, token: token('phone'), session: session('s1') })).toEqual([
      { kind: 'unbindTokenFromAll', app: 'shop', token: 'phone', session: session('s1'), stamp: '0000000000005.2' },
    ]);
  });

  test('of one account frees the token of that account', () => {
    const event = {
      kind: 'accountLogout',
      app: many,
      token: token('phone'),
      account: account('alice'),
      session: undefined,
    } as const;
    expect(operations(event)).toEqual([
      {
        kind: 'unbind',
        app: 'shop',
        token: 'phone',
        accounts: [account('alice')],
        session: undefined,
        stamp: '0000000000005.2',
      },
    ]);
  });

  test('everywhere reaches every app registration it concerns, each with one operation', () => {
    const event = { kind: 'logoutEverywhere', apps: [many, onePerType], account: account('alice') } as const;
    const everywhere = { kind: 'unbindAccountFromAll', account: account('alice'), stamp: '0000000000005.2' };
    expect(operations(event)).toEqual([
      { ...everywhere, app: 'shop' },
      { ...everywhere, app: 'chat' },
    ]);
  });
});

describe('a changed token', () => {
  const changed = {
    kind: 'tokenChanged',
    app: many,
    oldToken: token('old'),
    token: token('new'),
    accounts: [account('alice')],
  } as const;
  const override = {
    kind: 'bindOverriding',
    scope: 'token',
    app: 'shop',
    token: 'new',
    accounts: [account('alice')],
    stamp: '0000000000005.1',
  };

  test('frees the old one and binds the new one', () => {
    expect(operations(changed)).toEqual([
      { kind: 'unbindTokenFromAll', app: 'shop', token: 'old', stamp: '0000000000005.2' },
      override,
    ]);
  });

  test('with nobody signed in frees both', () => {
    expect(operations({ ...changed, accounts: [] })).toEqual([
      { kind: 'unbindTokenFromAll', app: 'shop', token: 'old', stamp: '0000000000005.2' },
      { kind: 'unbindTokenFromAll', app: 'shop', token: 'new', stamp: '0000000000005.2' },
    ]);
  });

  test('that is the one it was before stays bound', () => {
    expect(operations({ ...changed, oldToken: token('new') })).toEqual([override]);
  });
});

test('operations of one event carry the same time and identity', () => {
  const event = {
    kind: 'tokenChanged',
    app: many,
    oldToken: token('old'),
    token: token('new'),
    accounts: [account('alice')],
  } as const;
  const parts = operationsOf({ event, ms: 1_700_000_000_000, hash }).map(({ stamp }) => stamp.split('.'));
  expect(parts.map(([ms, , hash, element]) => [ms, hash, element])).toEqual(
    Array(2).fill(['1700000000000', hash, '000']),
  );
});

test('an overriding bind clears the token, or the types it names where a token holds one account of each', () => {
  expect(scopeOf(many)).toBe('token');
  expect(scopeOf(onePerType)).toBe('types');
});
