import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type { AccountKey } from '../../functions/core/account.ts';
import { candidates, EMPTY, isBound, momentsOf } from '../../functions/core/document.ts';
import { DOCUMENT_LIMITS, expiryOf, HORIZON_MS, horizonAt, type Limits, merge } from '../../functions/core/merge.ts';
import { ACCOUNTS_PER_OPERATION, type TokenOperation } from '../../functions/core/operation.ts';
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

const DAY_MS = 86_400_000;
const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `user-${String(from + i).padStart(4, '0')}`);
const oneByOne = (operations: readonly TokenOperation[], limits: Limits = DOCUMENT_LIMITS) =>
  operations.reduce((document, operation) => merge(document, [operation], '', limits), EMPTY);

test('a document drops edges at or before a clear, so that one user on one phone stays one entry for ever', () => {
  const logins = Array.from({ length: 1_000 }, (_, i) => override(i, [`user-${i % 7}`]));
  const document = oneByOne(logins);
  expect(Object.keys(document.edges)).toHaveLength(1);
  expect(Object.keys(document.clear)).toEqual(['*']);
});

test('a document drops edges of a type at or before the clear of that type, and no others', () => {
  const document = oneByOne([bind(1, ['alice', 'carol:1']), overrideTypes(2, ['bob'])]);
  expect(Object.keys(document.edges).sort()).toEqual([key('bob'), key('carol:1')]);
});

test('a document drops the clear of a type at or before the clear of everything', () => {
  expect(Object.keys(oneByOne([overrideTypes(1, ['alice']), unbindAll(2)]).clear)).toEqual(['*']);
});

test('a document drops removals older than the horizon, and the binds that they stopped stay stopped', () => {
  const now = 50 * DAY_MS;
  const document = merge(EMPTY, [unbind(10 * DAY_MS, ['alice']), unbind(20 * DAY_MS, ['bob'])], horizonAt(now));
  expect(Object.keys(document.edges)).toEqual([key('bob')]);
  expect(candidates(merge(document, [bind(9 * DAY_MS, ['alice'])]))).toEqual([]);
  expect(candidates(merge(document, [bind(11 * DAY_MS, ['alice'])]))).toEqual([key('alice')]);
});

test('a document never drops a bind for its age alone', () => {
  const document = merge(EMPTY, [bind(1, ['alice'])]);
  expect(candidates(merge(document, [unbind(50 * DAY_MS, ['bob'])], horizonAt(100 * DAY_MS)))).toEqual([key('alice')]);
});

test('a document drops sessions that ended an hour before everything was cleared: no clock is that wrong', () => {
  const ended = unbindAll(1 * DAY_MS, { session: 's1' });
  expect(Object.keys(oneByOne([ended, unbindAll(1 * DAY_MS + DOCUMENT_LIMITS.sessionMs)]).ended)).toHaveLength(1);
  expect(Object.keys(oneByOne([ended, unbindAll(1 * DAY_MS + DOCUMENT_LIMITS.sessionMs + 1)]).ended)).toEqual([]);
});

test('past its limits a document keeps the newest 128 accounts, and never revives one it has dropped', () => {
  const document = oneByOne(names(200).map((name, i) => bind(100 + i, [name])));
  expect(candidates(document).sort()).toEqual(names(128, 72).map(key));
  expect(candidates(merge(document, [bind(1, names(72).slice(0, ACCOUNTS_PER_OPERATION))]))).toHaveLength(128);
});

test('past its limits a document drops removals too, and the binds that they stopped stay stopped', () => {
  const document = oneByOne([unbind(2, ['alice']), ...names(128).map((name, i) => bind(100 + i, [name]))]);
  expect(document.edges[key('alice')]).toBeUndefined();
  expect(candidates(merge(document, [bind(1, ['alice'])]))).not.toContain(key('alice'));
});

test('past its limits a document takes a dropped account back when it is bound anew', () => {
  const document = oneByOne(names(129).map((name, i) => bind(100 + i, [name])));
  expect(candidates(document)).not.toContain(key('user-0000'));
  expect(candidates(merge(document, [bind(1_000, ['user-0000'])]))).toContain(key('user-0000'));
});

test('past its limits a document drops accounts of one operation from the end of its list', () => {
  const document = merge(EMPTY, [bind(1, names(4))], '', { ...DOCUMENT_LIMITS, edges: 2 });
  expect(candidates(document)).toEqual([key('user-0003'), key('user-0002')]);
  expect(merge(document, [bind(1, names(4))], '', { ...DOCUMENT_LIMITS, edges: 2 })).toEqual(document);
});

test('past its limits a document uses the newest dropped clear for every type without one', () => {
  const document = oneByOne(Array.from({ length: 66 }, (_, i) => overrideTypes(100 + i, [`user:${i}`])));
  expect(Object.keys(document.clear)).toHaveLength(64);
  expect(candidates(merge(document, [bind(101, ['late:0', 'late:1', 'late:2', 'late:77'])]))).toEqual(
    candidates(document),
  );
  expect(candidates(merge(document, [bind(102, ['late:77'])]))).toContain(key('late:77'));
});

test('past its limits a document remembers a clear of everything even where each type has been cleared later', () => {
  const clears = [override(1, ['alice']), ...[5, 6, 7].map((ms) => overrideTypes(ms, [`user:${ms}`]))];
  const small = { ...DOCUMENT_LIMITS, clears: 1 };
  expect(oneByOne(clears.toReversed(), small)).toEqual(oneByOne(clears, small));
});

test('past its limits a document keeps the 32 newest sessions that ended', () => {
  const document = oneByOne(Array.from({ length: 40 }, (_, i) => unbindAll(i, { session: `s${i}` })));
  expect(Object.keys(document.ended)).toHaveLength(32);
});

test('the fullest document is far below the 400 KB that an item may take', () => {
  const long = (i: number, type: number) => `${String(i).padStart(5, '0')}${'\u00e9'.repeat(125)}:${type}`;
  const binds = Array.from({ length: 40 }, (_, i) =>
    bind(
      10_000 + i,
      Array.from({ length: ACCOUNTS_PER_OPERATION }, (_, j) => long(i * ACCOUNTS_PER_OPERATION + j, 2_147_483_000 + j)),
      { session: `s${i}` },
    ),
  );
  const clears = Array.from({ length: 40 }, (_, i) =>
    overrideTypes(
      100 + i,
      Array.from({ length: ACCOUNTS_PER_OPERATION }, (_, j) => long(j, 2_147_400_000 + i * ACCOUNTS_PER_OPERATION + j)),
    ),
  );
  const ends = Array.from({ length: 40 }, (_, i) => unbind(5_000 + i, [long(i, 2_147_483_000)], { session: `s${i}` }));
  const document = oneByOne([...binds, ...clears, ...ends]);
  expect(Object.keys(document.edges)).toHaveLength(DOCUMENT_LIMITS.edges);
  expect(Object.keys(document.clear)).toHaveLength(DOCUMENT_LIMITS.clears);
  expect(Object.keys(document.ended)).toHaveLength(DOCUMENT_LIMITS.sessions);
  const bytes = Buffer.byteLength(JSON.stringify(document), 'utf8');
  expect(bytes).toBeLessThan(64 * 1024);
});

test('a document never expires while it binds an account', () => {
  expect(expiryOf(merge(EMPTY, [bind(1, ['alice'])]))).toBeUndefined();
});

test('a document expires 14 days after every bind that it could stop is too old', () => {
  const document = merge(EMPTY, [bind(1 * DAY_MS, ['alice']), unbindAll(2 * DAY_MS), unbind(3 * DAY_MS, ['bob'])]);
  expect(expiryOf(document)).toBe(3 * DAY_MS + HORIZON_MS + 14 * DAY_MS);
});

test('a document expires later than all its moments, floors and sessions included', () => {
  const document = merge(
    EMPTY,
    [unbind(3, ['alice', 'bob']), overrideTypes(2, ['carol:1']), unbind(9, ['carol:1'], { session: 's1' })],
    '',
    {
      ...DOCUMENT_LIMITS,
      edges: 1,
    },
  );
  const newest = Math.max(...momentsOf(document).map((moment) => Number(moment.slice(0, 13))));
  expect(newest).toBe(9);
  expect(expiryOf(document)).toBe(9 + HORIZON_MS + 14 * DAY_MS);
});
