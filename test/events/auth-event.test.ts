import { expect, test } from 'vitest';
import { eventHash } from '../../functions/core/stamp.ts';
import { type AuthEvent, operationsOf } from '../../functions/events/auth-event.ts';
import { account, app, session, token } from '../world/examples.ts';

const [many, onePerType] = [app('shop'), app('chat', 'one-per-type')];
const hash = eventHash('event');

/** The operations of an event at millisecond 5. Of each stamp only the time and the kind are left. */
const operations = (event: AuthEvent) =>
  operationsOf({ event, ms: 5, hash }).map(({ stamp, ...operation }) => ({ ...operation, stamp: stamp.slice(0, 15) }));

const [APPENDS, OVERRIDES, REMOVES] = ['0000000000005.0', '0000000000005.1', '0000000000005.2'];
const phone = token('phone');
const bound = { token: phone, accounts: [account('alice'), account('carol:1')], session: session('s1') };
const login = { kind: 'login', ...bound } as const;

test('a login leaves the token with exactly its accounts', () => {
  expect(operations({ ...login, app: many, mode: 'override' })).toEqual([
    { kind: 'bindOverriding', scope: 'token', app: 'shop', ...bound, stamp: OVERRIDES },
  ]);
});

test('a login in append mode adds its accounts if a token may have many', () => {
  expect(operations({ ...login, app: many, mode: 'append' })).toEqual([
    { kind: 'bind', app: 'shop', ...bound, stamp: APPENDS },
  ]);
});

test.each(['override', 'append'] as const)('a login replaces only its types if a token has one of each: %s', (mode) => {
  expect(operations({ ...login, app: onePerType, mode })).toEqual([
    { kind: 'bindOverriding', scope: 'types', app: 'chat', ...bound, stamp: OVERRIDES },
  ]);
});

test('a logout removes every account of the token and carries the session', () => {
  const logout = { token: phone, session: session('s1') };
  expect(operations({ kind: 'logout', app: many, ...logout })).toEqual([
    { kind: 'unbindTokenFromAll', app: 'shop', ...logout, stamp: REMOVES },
  ]);
});

test('a logout of one account removes that account', () => {
  const alice = account('alice');
  const event = { kind: 'accountLogout', app: many, token: phone, account: alice, session: undefined } as const;
  expect(operations(event)).toEqual([
    { kind: 'unbind', app: 'shop', token: 'phone', accounts: [alice], session: undefined, stamp: REMOVES },
  ]);
});

test('a logout everywhere has one operation for each app', () => {
  const event = { kind: 'logoutEverywhere', apps: [many, onePerType], account: account('alice') } as const;
  const everywhere = { kind: 'unbindAccountFromAll', account: account('alice'), stamp: REMOVES };
  expect(operations(event)).toEqual([
    { ...everywhere, app: 'shop' },
    { ...everywhere, app: 'chat' },
  ]);
});

const accounts = [account('alice')];
const changed = { kind: 'tokenChanged', app: many, oldToken: token('old'), token: token('new'), accounts } as const;
const override = { kind: 'bindOverriding', scope: 'token', app: 'shop', token: 'new', accounts, stamp: OVERRIDES };
const cleared = (name: string) => ({ kind: 'unbindTokenFromAll', app: 'shop', token: name, stamp: REMOVES });

test('a changed token removes the old one and binds the new one', () => {
  expect(operations(changed)).toEqual([cleared('old'), override]);
});

test('a changed token without accounts removes both', () => {
  expect(operations({ ...changed, accounts: [] })).toEqual([cleared('old'), cleared('new')]);
});

test('a token that changed to itself stays bound', () => {
  expect(operations({ ...changed, oldToken: token('new') })).toEqual([override]);
});

test('all operations of one event have the same time and identity', () => {
  const stamps = operationsOf({ event: changed, ms: 1_700_000_000_000, hash }).map(({ stamp }) => stamp.split('.'));
  const parts = stamps.map(([ms, , identity, element]) => [ms, identity, element]);
  expect(parts).toEqual(Array(2).fill(['1700000000000', hash, '000']));
});
