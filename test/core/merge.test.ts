import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type { AccountKey } from '../../functions/core/account.ts';
import {
  candidates as candidatesAt,
  EMPTY,
  isBound,
  momentsOf,
  type TokenDocument,
  UNMARKED,
} from '../../functions/core/document.ts';
import {
  DOCUMENT_LIMITS,
  expiryOf,
  HORIZON_MS,
  horizonAt,
  LATENESS_MS,
  merge,
  raised,
} from '../../functions/core/merge.ts';
import {
  ACCOUNTS_PER_OPERATION,
  messageOf,
  type Operation,
  type TokenOperation,
} from '../../functions/core/operation.ts';
import {
  account,
  bind,
  installation,
  key,
  override,
  overrideTypes,
  session,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../world/examples.ts';

const oneByOne = (operations: readonly TokenOperation[]) =>
  operations.reduce((document, operation) => merge(document, [operation]), EMPTY);

const candidates = (document: TokenDocument) => candidatesAt(document, 0);

/** The accounts bound after the operations, applied one by one in the order given. */
const boundAfter = (...operations: TokenOperation[]): AccountKey[] => candidates(oneByOne(operations)).sort();

test.each<[string, TokenOperation[], string[]]>([
  [
    'a bind adds to those that are there',
    [bind(1, ['alice']), bind(2, ['bob', 'carol:1'])],
    ['alice', 'bob', 'carol:1'],
  ],
  ['a bind after a removal binds again', [bind(1, ['alice']), unbind(2, ['alice']), bind(3, ['alice'])], ['alice']],
  [
    'an overriding bind keeps what was bound later, and clears what was bound earlier',
    [bind(3, ['carol:1']), override(2, ['bob']), bind(1, ['alice'])],
    ['bob', 'carol:1'],
  ],
  [
    'an overriding bind of some types replaces those types alone',
    [bind(1, ['alice', 'carol:1']), overrideTypes(2, ['bob'])],
    ['bob', 'carol:1'],
  ],
  [
    'an overriding bind of some types leaves the last account given of each',
    [overrideTypes(1, ['alice', 'carol:1', 'bob'])],
    ['bob', 'carol:1'],
  ],
  [
    'a removal of an account that was never bound stops a late bind',
    [unbind(2, ['alice']), bind(1, ['alice', 'bob'])],
    ['bob'],
  ],
])('accounts are bound by the rule: %s', (_, operations, names) => {
  expect(boundAfter(...operations)).toEqual(names.map(key));
});

test('a removal at the millisecond of a bind wins, in both orders', () => {
  for (const removal of [unbind(1, ['alice']), unbindAll(1)])
    for (const login of [bind(1, ['alice']), override(1, ['alice']), overrideTypes(1, ['alice'])]) {
      expect(boundAfter(login, removal)).toEqual([]);
      expect(boundAfter(removal, login)).toEqual([]);
    }
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

test('merging does not change the document it was given', () => {
  const document = merge(EMPTY, [bind(1, ['alice'])]);
  const before = structuredClone(document);
  merge(document, [override(2, ['bob'])]);
  expect(document).toEqual(before);
  expect(EMPTY).toEqual({ clear: {}, clearFloor: '', edges: {}, floor: '', ended: {}, endedFloor: '' });
});

test('accounts named like parts of an object are accounts like others', () => {
  const document = merge(EMPTY, [bind(1, ['__proto__', 'constructor', 'toString'])]);
  expect(candidates(document)).toEqual([key('__proto__'), key('constructor'), key('toString')]);
  expect(candidates(merge(document, [unbind(2, ['__proto__'])]))).toEqual([key('constructor'), key('toString')]);
  expect(isBound(EMPTY, key('__proto__'), UNMARKED, 0)).toBe(false);
});

const DAY_MS = 86_400_000;
const names = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => `user-${String(from + i).padStart(4, '0')}`);

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

test('a document drops sessions that ended a horizon before everything was cleared', () => {
  const ended = unbindAll(DAY_MS, { session: 's1' });
  expect(Object.keys(oneByOne([ended, unbindAll(DAY_MS + HORIZON_MS)]).ended)).toHaveLength(1);
  expect(Object.keys(oneByOne([ended, unbindAll(DAY_MS + HORIZON_MS + 1)]).ended)).toEqual([]);
});

test('the login of an ended session stays dead when the document forgets the session', () => {
  const ms = 2 * DAY_MS;
  const session = 'alice-s';
  const others = names(200).map((name, i) => unbind(ms + 1 + i, [name], { session: `s${i}` }));
  // The override of a login clears everything, also with a logout that is stamped more than an hour too early.
  for (const [login, endedMs] of [
    [override(ms, ['alice'], { session }), ms - 4_000_000],
    [bind(ms, ['alice'], { session }), ms - 50],
  ] as const) {
    const logout = unbindAll(endedMs, { session });
    for (const order of [
      [login, logout, ...others],
      [logout, login, ...others],
      [logout, ...others, login],
    ])
      expect(boundAfter(...order)).toEqual([]);
  }
});

test('past its limits a document keeps the newest 128 accounts, and never revives one it has dropped', () => {
  const document = oneByOne(names(200).map((name, i) => bind(100 + i, [name])));
  expect(candidates(document).sort()).toEqual(names(128, 72).map(key));
  expect(candidates(merge(document, [bind(1, names(72).slice(0, ACCOUNTS_PER_OPERATION))]))).toHaveLength(128);
});

test('past its limits a document takes a dropped account back when it is bound anew', () => {
  const document = oneByOne(names(129).map((name, i) => bind(100 + i, [name])));
  expect(candidates(document)).not.toContain(key('user-0000'));
  expect(candidates(merge(document, [bind(1_000, ['user-0000'])]))).toContain(key('user-0000'));
});

test('past its limits a document uses the newest dropped clear for every type without one', () => {
  const document = oneByOne(Array.from({ length: 66 }, (_, i) => overrideTypes(100 + i, [`user:${i}`])));
  expect(Object.keys(document.clear)).toHaveLength(64);
  expect(candidates(merge(document, [bind(101, ['late:0', 'late:1', 'late:2', 'late:77'])]))).toEqual(
    candidates(document),
  );
  expect(candidates(merge(document, [bind(102, ['late:77'])]))).toContain(key('late:77'));
});

test('an account that a full document has dropped stays unbound, whatever older events of it come late', () => {
  const limits = { ...DOCUMENT_LIMITS, edges: 2 };
  const history = [
    unbind(8, ['alice']),
    bind(9, ['bob:1']),
    bind(10, ['carol:1']),
    overrideTypes(12, ['bob:1']),
    unbind(3, ['alice']),
    bind(5, ['alice']),
  ];
  const document = history.reduce((known, one) => merge(known, [one], '', limits), EMPTY);
  expect(candidates(document)).toEqual([key('bob:1')]);
});

test('past its limits a document keeps the 128 newest sessions that ended', () => {
  const document = oneByOne(Array.from({ length: 140 }, (_, i) => unbindAll(i, { session: `s${i}` })));
  expect(Object.keys(document.ended).sort()).toEqual(
    Array.from({ length: 128 }, (_, i) => session(`s${i + 12}`)).sort(),
  );
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
  const ends = Array.from({ length: 200 }, (_, i) => unbind(5_000 + i, [long(i, 2_147_483_000)], { session: `e${i}` }));
  const document = oneByOne([...binds, ...clears, ...ends]);
  expect(Object.keys(document.edges)).toHaveLength(DOCUMENT_LIMITS.edges);
  expect(Object.keys(document.clear)).toHaveLength(DOCUMENT_LIMITS.clears);
  expect(Object.keys(document.ended)).toHaveLength(DOCUMENT_LIMITS.sessions);
  expect(Buffer.byteLength(JSON.stringify(document))).toBeLessThan(70 * 1024);
});

test('a document never expires while it binds an account', () => {
  expect(expiryOf(merge(EMPTY, [bind(1, ['alice'])]))).toBeUndefined();
});

test('a document expires 14 days after every bind that it could stop is too old', () => {
  const document = merge(EMPTY, [bind(1 * DAY_MS, ['alice']), unbindAll(2 * DAY_MS), unbind(3 * DAY_MS, ['bob'])]);
  expect(expiryOf(document)).toBe(3 * DAY_MS + HORIZON_MS + 14 * DAY_MS);
});

test('a document expires later than all its moments, floors and sessions included', () => {
  const operations = [unbind(3, ['alice', 'bob']), overrideTypes(2, ['carol:1'])];
  const logout = unbind(9, ['carol:1'], { session: 's1' });
  const document = merge(EMPTY, [...operations, logout], '', { ...DOCUMENT_LIMITS, edges: 1 });
  const newest = Math.max(...momentsOf(document).map((moment) => Number(moment.slice(0, 13))));
  expect(newest).toBe(9);
  expect(expiryOf(document)).toBe(9 + HORIZON_MS + 14 * DAY_MS);
});

test('a document whose leases have ended can expire, and a lease older than the horizon leaves as a removal', () => {
  const leased = merge(EMPTY, [{ ...bind(DAY_MS, ['alice']), untilMs: 3 * DAY_MS }]);
  expect(expiryOf(leased)).toBe(3 * DAY_MS + HORIZON_MS + LATENESS_MS);
  expect(expiryOf(merge(leased, [bind(DAY_MS, ['bob'])]))).toBeUndefined();
  const later = merge(leased, [bind(40 * DAY_MS, ['bob'])], horizonAt(39 * DAY_MS));
  expect(candidatesAt(later, 2 * DAY_MS)).toEqual([key('bob')]);
});

test('a watermark beyond its limit may forget a login, and revives none', () => {
  const end = (ms: number, name: string) =>
    ({ ...unbindEverywhere(ms, 'alice'), kind: 'endAccountSession', session: session(name) }) as const;
  const ends = Array.from({ length: 1_100 }, (_, i) => end(1_000 + i, `s${i}`));
  const watermark = ends.reduce((known, one) => raised(known, one), UNMARKED);
  expect(Object.keys(watermark.ended)).toHaveLength(1_024);
  const isDead = (ms: number, name: string) =>
    !isBound(merge(EMPTY, [bind(ms, ['alice'], { session: name })]), key('alice'), watermark, ms);
  expect([isDead(1_050, 's0'), isDead(4_000_000, 's1099'), isDead(4_000_000, 'new')]).toEqual([true, true, false]);
});

test('the clocks of a login and of a logout that is forgotten may disagree by a minute', () => {
  const end = (ms: number, name: string) =>
    ({ ...unbindEverywhere(ms, 'alice'), kind: 'endAccountSession', session: session(name) }) as const;
  const ends = Array.from({ length: 1_025 }, (_, i) => end(1_000 + i, `s${i}`));
  const watermark = ends.reduce((known, one) => raised(known, one), UNMARKED);
  const isDead = (ms: number) =>
    !isBound(merge(EMPTY, [bind(ms, ['alice'], { session: 's0' })]), key('alice'), watermark, ms);
  expect([isDead(61_000), isDead(61_001)]).toEqual([true, false]);
});

test('an account that stays signed in outlives any number of sessions of others on the device', () => {
  const sessions = Array.from({ length: 400 }, (_, i) => [`kid-${i % 3}`, i] as const).flatMap(([name, i]) => [
    bind(1_000_000 * i, [name], { session: `s${i}` }),
    unbind(1_000_000 * i + 500_000, [name], { session: `s${i}` }),
  ]);
  const bound = boundAfter(
    bind(1, ['dad'], { session: 'dad' }),
    ...sessions,
    bind(500_000_000, ['kid'], { session: 'now' }),
  );
  expect(bound).toEqual([key('dad'), key('kid')]);
});

test('a bind of an ended session is stored as a removal, which the version before reads as one too', () => {
  const document = oneByOne([bind(9, ['alice'], { session: 's1' }), unbindAll(2, { session: 's1' })]);
  expect(document.edges[key('alice')]).toMatch(/^0000000000009\.0\.[0-9a-f]{16}\.000\.2\./);
});

test('a message has version 2 only if the version before would leave out terms of its binds', () => {
  const login = bind(1, ['alice'], { session: 's1' });
  const versionOf = (operation: Operation) => messageOf({ id: 'r1' }, [unbindAll(1), operation]).v;
  expect([login, unbindAll(2, { session: 's1' })].map(versionOf)).toEqual([1, 1]);
  const leased = { ...login, untilMs: 9 };
  const moved = { ...login, accounts: [{ ...account('alice'), session: session('s2') }] };
  const installed = { ...login, installation: installation('i1') };
  expect([leased, moved, installed].map(versionOf)).toEqual([2, 2, 2]);
});

test('a message has version 3 if a bind in it has the issue of its bearer', () => {
  const login = bind(1, ['alice']);
  const moved = { ...login, accounts: [{ ...account('alice'), issuedMs: 0 }] };
  const versions = [{ ...login, issuedMs: 0, untilMs: 9 }, moved].map((one) => messageOf({ id: 'r1' }, [one, login]).v);
  expect(versions).toEqual([3, 3]);
});

const signIn = (ms: number, issuedMs: number) => ({ ...override(ms, ['alice'], { session: 's1' }), issuedMs });
const others = (ms: number, name: string) =>
  ({ ...unbindEverywhere(ms, 'alice'), kind: 'unbindAccountFromOthers', session: session(name) }) as const;

test.each([
  ['a sign-out everywhere since its issue', unbindEverywhere(7, 'alice'), false],
  ['a sign-out everywhere in the millisecond of its issue', unbindEverywhere(5, 'alice'), false],
  ['a sign-out everywhere before its issue', unbindEverywhere(4, 'alice'), true],
  ['a sign-out of the other sessions since its issue', others(7, 's2'), false],
  ['a sign-out of the other sessions that spares it', others(7, 's1'), true],
])('the account of a sign-in with an earlier bearer sees %s', (_, removal, isLeft) => {
  const document = merge(EMPTY, [signIn(9, 5)]);
  expect(isBound(document, key('alice'), raised(UNMARKED, removal), 9)).toBe(isLeft);
});

test('a sign-in with an earlier bearer takes its place on its token by its own time', () => {
  expect(boundAfter(signIn(9, 5), bind(7, ['bob']), unbind(8, ['alice']))).toEqual([key('alice')]);
});

test('a sign-in with a bearer from before a forgotten logout of its session is dead', () => {
  const end = (ms: number, name: string) => ({ ...others(ms, name), kind: 'endAccountSession' }) as const;
  const ends = Array.from({ length: 1_025 }, (_, i) => end(1_000 + i, `s${i + 1}`));
  const watermark = ends.reduce((known, one) => raised(known, one), UNMARKED);
  const isLeft = (issuedMs: number) =>
    isBound(merge(EMPTY, [signIn(9_000_000, issuedMs)]), key('alice'), watermark, 9_000_000);
  expect([isLeft(900), isLeft(9_000_000)]).toEqual([false, true]);
});
