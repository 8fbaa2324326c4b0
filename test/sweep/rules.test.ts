import { expect, test } from 'vitest';
import type { AccountKey } from '../../functions/core/account.ts';
import {
  candidates as candidatesAt,
  EMPTY,
  type TokenDocument,
  UNMARKED,
  type Watermark,
} from '../../functions/core/document.ts';
import { expiryOf, HORIZON_MS, LATENESS_MS, merge } from '../../functions/core/merge.ts';
import type { TokenOperation } from '../../functions/core/operation.ts';
import { bindAt, eventHash, removalAt, stampOf } from '../../functions/core/stamp.ts';
import { leadsNowhere, needsFold, withoutDead } from '../../functions/sweep/rules.ts';
import { bind, key, override, overrideTypes, unbind, unbindAll } from '../world/examples.ts';

const DAY_MS = 86_400_000;
/** A thousand days after 1970: the days of the examples. */
const NOW = 1_000 * DAY_MS;
const daysAgo = (days: number) => NOW - days * DAY_MS;

const document = (...operations: TokenOperation[]) => merge(EMPTY, operations);
const candidates = (known: TokenDocument) => candidatesAt(known, NOW);
const cleared = (name: string, ms: number): ReadonlyMap<AccountKey, Watermark> =>
  new Map([[key(name), { ...UNMARKED, removal: removalAt(stampOf('unbindAccountFromAll', ms, eventHash('clear'))) }]]);
const NONE: ReadonlyMap<AccountKey, Watermark> = new Map();

const old = document(bind(daysAgo(40), ['alice', 'bob']));

test("an old edge goes once its account's watermark is later, and the document remembers it as dead", () => {
  const next = withoutDead(old, cleared('alice', daysAgo(1)), NOW);
  expect(candidates(next)).toEqual([key('bob')]);
  expect(next.edges[key('alice')]).toBeUndefined();
  expect(candidates(merge(next, [bind(daysAgo(40), ['alice'])]))).toEqual([key('bob')]);
});

test('an old edge goes once its session has ended', () => {
  const login = bind(daysAgo(40), ['alice'], { session: 's1' });
  const logout = unbindAll(daysAgo(40) - 1_000, { session: 's1' });
  const dead = document(login, logout);
  const next = withoutDead(dead, NONE, NOW);
  expect(next.edges).toEqual({});
  expect(expiryOf(next)).toBe(daysAgo(40) + HORIZON_MS + LATENESS_MS);
  expect(merge(next, [login])).toEqual(next);
});

test('a fold allows the document to expire once no account is bound', () => {
  const clears = new Map([...cleared('alice', daysAgo(1)), ...cleared('bob', daysAgo(1))]);
  expect(expiryOf(old)).toBeUndefined();
  expect(expiryOf(withoutDead(old, clears, NOW))).toBe(daysAgo(40) + HORIZON_MS + LATENESS_MS);
});

test('removals from before the horizon go, as with every write', () => {
  const before = document(bind(daysAgo(1), ['bob']), unbind(daysAgo(40), ['alice']));
  expect(Object.keys(withoutDead(before, NONE, NOW).edges)).toEqual([key('bob')]);
});

test("a floor goes, with the name in it, once it is older than any writer's clock", () => {
  const login = bind(daysAgo(49), ['alice'], { session: 's1' });
  const dead = document(bind(daysAgo(1), ['bob']), login, unbindAll(daysAgo(49) - 1_000, { session: 's1' }));
  const next = withoutDead(dead, NONE, NOW);
  expect(next.floor).toContain(key('alice'));
  expect(JSON.stringify(withoutDead(next, NONE, NOW + 1))).not.toContain('alice');
});

test('an account that is signed out everywhere leaves its document, whatever the age of its edge', () => {
  for (const days of [1, 34, 36]) {
    const events = [bind(daysAgo(days), ['alice']), unbind(daysAgo(days), ['alice'])];
    for (const event of events) {
      const known = document(bind(daysAgo(2), ['bob']), event);
      const next = withoutDead(known, cleared('alice', daysAgo(1)), NOW);
      expect(needsFold(known, cleared('alice', daysAgo(1)), NOW)).toBe(true);
      expect(candidates(next)).toEqual([key('bob')]);
      expect(JSON.stringify(next)).not.toContain('alice');
      expect(needsFold(next, cleared('alice', daysAgo(1)), NOW)).toBe(false);
    }
  }
});

test('a late bind of another account counts, though a later edge beside it has left the document', () => {
  const next = withoutDead(document(bind(daysAgo(2), ['alice'])), cleared('alice', daysAgo(1)), NOW);
  expect(candidates(merge(next, [bind(daysAgo(3), ['bob'])]))).toEqual([key('bob')]);
});

test('an edge later than the sign-out everywhere stays, though its bearer is older', () => {
  const known = document({ ...bind(daysAgo(1), ['alice']), issuedMs: daysAgo(3) });
  expect(withoutDead(known, cleared('alice', daysAgo(2)), NOW)).toEqual(known);
});

test('a document without any account left expires, once no writer can come from before', () => {
  const next = withoutDead(document(bind(daysAgo(2), ['alice'])), cleared('alice', daysAgo(1)), NOW);
  expect(expiryOf(next)).toBe(NOW - 1 + LATENESS_MS);
  expect(candidates(merge(next, [bind(NOW - HORIZON_MS, ['bob'])]))).toEqual([key('bob')]);
});

const edge = (ms: number) => bindAt(stampOf('bind', ms, eventHash(String(ms))), 0);
const nowhere = (ms: number, known: ReturnType<typeof document> | undefined) =>
  leadsNowhere(edge(ms), key('alice'), known, NOW);

test.each([
  ['is younger than the horizon', 34, document(unbindAll(daysAgo(1)))],
  ['is as old as the horizon', 35, undefined],
  ['leads to a dead bind', 400, document(bind(daysAgo(400), ['alice']))],
  ['leads to a later bind', 40, document(bind(daysAgo(1), ['alice']))],
  ['is of a writer that may not have written yet', 49, undefined],
  ['is later than the removal that its document has', 36, document(unbind(daysAgo(37), ['alice']))],
  ['leads to a document of other accounts', 36, document(bind(daysAgo(1), ['bob']))],
  ['is of an account behind the one in the floor', 36, { ...EMPTY, floor: `${edge(daysAgo(36))}|${key('adam')}` }],
])('a pointer stays that %s', (_, days, known) => {
  expect(nowhere(daysAgo(days), known)).toBe(false);
});

test.each([
  ['a removal of the account', document(unbind(daysAgo(40), ['alice']))],
  ['a removal of everything', document(unbindAll(daysAgo(39)))],
  ['a later login of somebody else', document(override(daysAgo(2), ['bob']))],
  ['a fold', withoutDead(document(bind(daysAgo(40), ['alice', 'bob'])), cleared('alice', daysAgo(1)), NOW)],
])('a pointer leads nowhere after %s', (_, known) => {
  expect(nowhere(daysAgo(40), known)).toBe(true);
});

test.each([
  ['a removal of everything', document(unbindAll(daysAgo(39))), true],
  ['a later floor', { ...EMPTY, floor: `${edge(daysAgo(39))}|${key('bob')}` }, true],
  ['a floor at the same moment', { ...EMPTY, floor: `${edge(daysAgo(40))}|${key('bob')}` }, false],
  ['a floor that has forgotten its account', { ...EMPTY, floor: `${edge(daysAgo(40))}|:` }, true],
  ['a login of the same type', document(overrideTypes(daysAgo(2), ['bob'])), false],
])('a pointer whose account is known by its digest only, after %s', (_, known, isNowhere) => {
  expect(leadsNowhere(edge(daysAgo(40)), undefined, known, NOW)).toBe(isNowhere);
});

test('a pointer older than the longest lateness leads nowhere', () => {
  expect(nowhere(daysAgo(49) - 1, undefined)).toBe(true);
  expect(nowhere(daysAgo(50), document(bind(daysAgo(1), ['bob'])))).toBe(true);
});
