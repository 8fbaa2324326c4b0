import { expect, test } from 'vitest';
import { bindIn, type Row, timeIn } from '../../../cli/import/row.ts';
import { AppId } from '../../../functions/core/configuration.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const APPS = [
  { id: AppId.parse('shop'), policy: 'many', platform: 'android' },
  { id: AppId.parse('shop-ios'), policy: 'one-per-type', platform: 'ios' },
] as const;
const ROW = { token: 'phone', account: 'alice' };

const read = (row: Row, choice: { app?: string; appOf?: ReadonlyMap<string, string> } = { app: 'shop' }) =>
  bindIn(row, { apps: APPS, appOf: new Map(), ...choice }, NOW);

test('a row is a bind of its app, with type 0 and no time by default', () => {
  expect(read(ROW)).toEqual({
    app: APPS[0],
    token: 'phone',
    account: { type: 0, id: 'alice' },
    boundMs: undefined,
    session: undefined,
  });
  expect(read({ ...ROW, account_type: '3', bound_at: '2026-01-01', session: 's-1' })).toMatchObject({
    account: { type: 3, id: 'alice' },
    boundMs: Date.parse('2026-01-01T00:00:00Z'),
    session: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

test('a token of iOS is in lower case, as at a login', () => {
  expect(read({ ...ROW, app: 'shop-ios', token: 'AB'.repeat(32) })).toMatchObject({ token: 'ab'.repeat(32) });
  expect(read({ ...ROW, token: 'AB'.repeat(32) })).toMatchObject({ token: 'AB'.repeat(32) });
});

test('a platform chooses the app, and one that contradicts the app is a fault', () => {
  const appOf = new Map([['ios', 'shop-ios']]);
  expect(read({ ...ROW, platform: 'iOS' }, { appOf })).toMatchObject({ app: APPS[1] });
  expect(read({ ...ROW, platform: 'web' }, { appOf })).toEqual({ fault: 'platform: has no app in --app-of' });
  expect(read({ ...ROW, platform: 'ios' })).toEqual({ fault: 'platform: is not that of the app' });
});

test.each<[string, Row]>([
  ['no token', { account: 'alice' }],
  ['no account', { token: 'phone', account: '' }],
  ['token: is what a program writes where it has no value, such as "null"', { ...ROW, token: 'null' }],
  ['account: begins or ends with a blank or a control character', { ...ROW, account: 'alice ' }],
  ['account: an account is 2 to 255 bytes of text', { ...ROW, account: 'a' }],
  ['app: is not in bindery.json', { ...ROW, app: 'other' }],
  ['bound_at: is not a time', { ...ROW, bound_at: 'yesterday' }],
  ['bound_at: is in the future', { ...ROW, bound_at: '2026-11-22T12:01:00Z' }],
])('a row can have the fault "%s"', (fault, row) => {
  expect(read(row)).toEqual({ fault });
});

test('a type that is no whole number is a fault', () => {
  expect(read({ ...ROW, account_type: 'x' })).toEqual({ fault: expect.stringMatching(/^account_type: /) });
});

test.each([
  ['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05.678Z'],
  ['2026-01-02 03:04:05.678901+00', '2026-01-02T03:04:05.678Z'],
  ['2026-01-02 03:04:05 UTC', '2026-01-02T03:04:05.000Z'],
  ['2026-01-02T03:04+01:30', '2026-01-02T01:34:00.000Z'],
  ['2026-01-02', '2026-01-02T00:00:00.000Z'],
  ['1767323045', '2026-01-02T03:04:05.000Z'],
  ['1767323045678', '2026-01-02T03:04:05.678Z'],
])('the time %s is understood', (text, iso) => {
  expect(new Date(timeIn(text)).toISOString()).toBe(iso);
});
