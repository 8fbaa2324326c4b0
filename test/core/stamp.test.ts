import { expect, test } from 'vitest';
import {
  asIssued,
  beginningOf,
  bindAt,
  byRecency,
  eventHash,
  eventOf,
  isBind,
  LAST_MS,
  MAX_ELEMENTS,
  msOf,
  removalAt,
  Stamp,
  stampOf,
  termsIn,
} from '../../functions/core/stamp.ts';

const hash = eventHash('app', 'event-1', '{}');

test('a stamp is the time, the kind, the hash of the event and the place in it', () => {
  expect(stampOf('unbind', 1_700_000_000_123, '0123456789abcdef', 7)).toBe('1700000000123.2.0123456789abcdef.007');
});

test('a stamp sorts by time first, whatever the number of digits', () => {
  expect(stampOf('bind', 1000, hash) > stampOf('unbindTokenFromAll', 999, hash)).toBe(true);
  expect(stampOf('bind', 10, hash) > stampOf('bind', 9, hash)).toBe(true);
});

test('a stamp keeps the order of the elements of one event, up to the last', () => {
  const stamps = Array.from({ length: MAX_ELEMENTS }, (_, i) => stampOf('bind', 5, hash, i));
  expect([...stamps].sort()).toEqual(stamps);
});

test('a stamp stays within what 13 digits can say, and no moment is at 0', () => {
  expect(msOf(stampOf('unbind', -1, hash))).toBe(0);
  expect(msOf(stampOf('unbind', LAST_MS + 1, hash))).toBe(LAST_MS);
  expect(msOf('')).toBe(0);
});

test.each([
  '170000000012.2.0123456789abcdef.000',
  '1700000000123.3.0123456789abcdef.000',
  '1700000000123.2.0123456789ABCDEF.000',
])('a stamp has one form, so this is none: %s', (text) => expect(Stamp.safeParse(text).success).toBe(false));

test('the hash of an event is the same for all copies, 16 hexadecimal digits, and does not run its parts together', () => {
  expect(eventHash('app', 'event-1', '{}')).toBe(hash);
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(eventHash('ab', 'c')).not.toBe(eventHash('a', 'bc'));
});

const stamp = stampOf('bindOverriding', 5, hash);

test('the moments of one event are first the removal, then the binds in the order of the list', () => {
  const moments = [removalAt(stamp), bindAt(stamp, 0), bindAt(stamp, 9), bindAt(stamp, 10), bindAt(stamp, 99)];
  expect([...moments].sort()).toEqual(moments);
});

test('the moments of one event say whether they bind', () => {
  expect(isBind(bindAt(stamp, 3))).toBe(true);
  expect(isBind(removalAt(stamp))).toBe(false);
  expect(isBind('')).toBe(false);
});

test('the moments of one event come after the beginning of their millisecond and before the next one', () => {
  expect(beginningOf(5) < removalAt(stamp)).toBe(true);
  expect(bindAt(stamp, 99) < beginningOf(6)).toBe(true);
  expect(beginningOf(-1)).toBe(beginningOf(0));
});

test('recency puts the newest event first, and what one event bound in the order of its list', () => {
  const [older, newer] = [stampOf('bind', 5, hash), stampOf('bind', 6, hash)];
  const edges = [bindAt(older, 0), bindAt(newer, 1), bindAt(newer, 0), bindAt(older, 1)];
  expect(edges.sort(byRecency)).toEqual([bindAt(newer, 0), bindAt(newer, 1), bindAt(older, 0), bindAt(older, 1)]);
  expect(byRecency(bindAt(older, 0), bindAt(older, 0))).toBe(0);
  expect(eventOf(bindAt(newer, 0))).toBe(eventOf(bindAt(newer, 1)));
});

test.each([
  {},
  { session: 'a1' },
  { untilMs: 9 },
  { session: 'a1', untilMs: 9 },
  { issuedMs: 3 },
  { session: 'a1', issuedMs: 3 },
  { untilMs: 9, issuedMs: 3 },
  { session: 'a1', untilMs: 9, issuedMs: 3 },
])('a bind keeps its terms, each alone and together: %o', (terms) => {
  expect(termsIn(bindAt(stamp, 0, terms))).toEqual({
    session: undefined,
    untilMs: undefined,
    issuedMs: undefined,
    ...terms,
  });
});

test('a bind counts as of the issue of its bearer, and never as later than it was', () => {
  const edge = bindAt(stamp, 0, { session: 'a1', issuedMs: 3 });
  expect(asIssued(edge)).toBe(`0000000000003${edge.slice(13)}`);
  for (const issuedMs of [undefined, 5, 6]) {
    const other = bindAt(stamp, 0, { issuedMs });
    expect(asIssued(other)).toBe(other);
  }
});
