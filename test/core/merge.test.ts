import { expect, test } from 'vitest';
import type { AccountKey } from '../../functions/core/account.ts';
import { candidates, EMPTY, isBound } from '../../functions/core/document.ts';
import { horizonAt, merge } from '../../functions/core/merge.ts';
import type { TokenOperation } from '../../functions/core/operation.ts';
import { removalAt } from '../../functions/core/stamp.ts';
import { bind, key, override, overrideTypes, unbind, unbindAll, unbindEverywhere } from '../world/examples.ts';

/** The accounts bound after the operations, applied one by one in the order given. */
const boundAfter = (...operations: TokenOperation[]): AccountKey[] =>
  candidates(operations.reduce((document, operation) => merge(document, [operation]), EMPTY)).sort();

test('a bind adds its accounts to those that are there', () => {
  expect(boundAfter(bind(1, ['alice']), bind(2, ['bob', 'carol:1']))).toEqual([
    key('alice'),
    key('bob'),
    key('carol:1'),
  ]);
});

test('a bind that comes after a later removal changes nothing', () => {
  expect(boundAfter(unbind(2, ['alice']), bind(1, ['alice']))).toEqual([]);
  expect(boundAfter(unbindAll(2), bind(1, ['alice']))).toEqual([]);
  expect(boundAfter(override(2, ['bob']), bind(1, ['alice']))).toEqual([key('bob')]);
});

test('a bind after a removal binds again', () => {
  expect(boundAfter(bind(1, ['alice']), unbind(2, ['alice']), bind(3, ['alice']))).toEqual([key('alice')]);
});

test('an overriding bind leaves exactly its accounts', () => {
  expect(boundAfter(bind(1, ['alice', 'carol:1']), override(2, ['bob', 'dave']))).toEqual([key('bob'), key('dave')]);
});

test('an overriding bind keeps what was bound later, and clears what was bound earlier, whichever comes first', () => {
  expect(boundAfter(bind(3, ['carol:1']), override(2, ['bob']), bind(1, ['alice']))).toEqual([
    key('bob'),
    key('carol:1'),
  ]);
});

test('an overriding bind of some types replaces the accounts of those types alone', () => {
  expect(boundAfter(bind(1, ['alice', 'carol:1']), overrideTypes(2, ['bob']))).toEqual([key('bob'), key('carol:1')]);
});

test('an overriding bind of some types leaves one account of each: the last one given', () => {
  expect(boundAfter(overrideTypes(1, ['alice', 'carol:1', 'bob']))).toEqual([key('bob'), key('carol:1')]);
});

test('an overriding bind wins over all others when it is the latest, in any order', () => {
  const racing = ['alice', 'bob', 'carol', 'dave'].map((name, i) => override(i + 1, [name]));
  expect(boundAfter(...racing)).toEqual([key('dave')]);
  expect(boundAfter(...racing.toReversed())).toEqual([key('dave')]);
});

test('an overriding bind of the same millisecond is decided the same way in any order', () => {
  const [one, other] = [override(1, ['alice'], { element: 0 }), override(1, ['bob'], { element: 1 })];
  expect(boundAfter(one, other)).toEqual([key('bob')]);
  expect(boundAfter(other, one)).toEqual([key('bob')]);
});

test('a removal of an account that was never bound stays and stops a late bind', () => {
  expect(boundAfter(unbind(2, ['alice']), bind(1, ['alice', 'bob']))).toEqual([key('bob')]);
});

test('a removal at the millisecond of a bind wins, in both orders', () => {
  for (const removal of [unbind(1, ['alice']), unbindAll(1)])
    for (const login of [bind(1, ['alice']), override(1, ['alice']), overrideTypes(1, ['alice'])]) {
      expect(boundAfter(login, removal)).toEqual([]);
      expect(boundAfter(removal, login)).toEqual([]);
    }
});

test('a removal of everything removes accounts of all types', () => {
  expect(boundAfter(bind(1, ['alice', 'carol:1']), unbindAll(2))).toEqual([]);
});

test('a removal of an account everywhere removes what was bound before it, and nothing later', () => {
  const removal = removalAt(unbindEverywhere(2, 'alice').stamp);
  expect(isBound(merge(EMPTY, [bind(1, ['alice'])]), key('alice'), removal)).toBe(false);
  expect(isBound(merge(EMPTY, [bind(3, ['alice'])]), key('alice'), removal)).toBe(true);
});

const late = bind(9, ['alice'], { session: 's1' });

test('a session whose logout was seen binds nothing any more, whatever the clocks say', () => {
  expect(boundAfter(unbindAll(2, { session: 's1' }), late)).toEqual([]);
  expect(boundAfter(late, unbindAll(2, { session: 's1' }))).toEqual([]);
  expect(boundAfter(override(9, ['alice'], { session: 's1' }), unbindAll(2, { session: 's1' }))).toEqual([]);
});

test('a session whose logout was seen does not end other sessions, nor binds without one', () => {
  expect(boundAfter(unbindAll(2, { session: 's2' }), late)).toEqual([key('alice')]);
  expect(boundAfter(unbindAll(2, { session: 's1' }), bind(9, ['alice']))).toEqual([key('alice')]);
  expect(boundAfter(unbindAll(2), late)).toEqual([key('alice')]);
});

test('a session whose logout was seen has ended for one account alone where one account was logged out', () => {
  const login = bind(9, ['alice', 'bob'], { session: 's1' });
  expect(boundAfter(unbind(2, ['alice'], { session: 's1' }), login)).toEqual([key('bob')]);
});

test('a session whose logout was seen stays ended when its logout is not the newest', () => {
  expect(boundAfter(unbindAll(3), unbindAll(2, { session: 's1' }), late)).toEqual([]);
  expect(boundAfter(unbindAll(2, { session: 's1' }), unbindAll(3), late)).toEqual([]);
});

const everything = [
  bind(1, ['alice']),
  override(2, ['bob', 'carol:1']),
  unbind(3, ['bob']),
  overrideTypes(4, ['dave']),
  unbindAll(1),
];

test('merging operations together is the same as one after the other, in any order', () => {
  const together = merge(EMPTY, everything);
  const oneByOne = everything.toReversed().reduce((document, operation) => merge(document, [operation]), EMPTY);
  expect(oneByOne).toEqual(together);
});

test('merging copies changes nothing', () => {
  const document = merge(EMPTY, everything);
  expect(merge(document, everything)).toEqual(document);
});

test('merging does not change the document it was given', () => {
  const document = merge(EMPTY, [bind(1, ['alice'])]);
  const before = structuredClone(document);
  merge(document, [override(2, ['bob'])]);
  expect(document).toEqual(before);
  expect(EMPTY).toEqual({ clear: {}, clearFloor: '', edges: {}, floor: '', ended: {} });
});

test('a bind older than the horizon binds nothing, and an overriding one still clears', () => {
  const DAY_MS = 86_400_000;
  const horizon = horizonAt(40 * DAY_MS);
  const held = merge(EMPTY, [bind(1 * DAY_MS, ['alice'])]);
  const later = merge(held, [override(2 * DAY_MS, ['bob']), bind(3 * DAY_MS, ['carol'])], horizon);
  expect(candidates(later)).toEqual([]);
  expect(candidates(merge(held, [override(5 * DAY_MS, ['bob'])], horizon))).toEqual([key('bob')]);
});

test('accounts named like parts of an object are accounts like others', () => {
  const document = merge(EMPTY, [bind(1, ['__proto__', 'constructor', 'toString'])]);
  expect(candidates(document)).toEqual([key('__proto__'), key('constructor'), key('toString')]);
  expect(candidates(merge(document, [unbind(2, ['__proto__'])]))).toEqual([key('constructor'), key('toString')]);
  expect(isBound(EMPTY, key('__proto__'), '')).toBe(false);
});
