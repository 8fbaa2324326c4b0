import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  IMPORT_AGE_MS,
  type ListedBind,
  LONGEST_IMPORT_MS,
  OLDEST_MS,
  operationOf,
} from '../../../cli/import/operation.ts';
import { candidates, EMPTY, isBound, UNMARKED } from '../../../functions/core/document.ts';
import { DOCUMENT_LIMITS, HORIZON_MS, horizonAt, merge, raised } from '../../../functions/core/merge.ts';
import { isTokenOperation, type TokenOperation } from '../../../functions/core/operation.ts';
import {
  account,
  app,
  bind,
  key,
  override,
  overrideTypes,
  token,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../../world/examples.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const DAY_MS = 86_400_000;

const listed = (name: string, boundMs?: number, policy: 'many' | 'one-per-type' = 'many'): ListedBind => ({
  app: app('shop', policy),
  token: token('phone'),
  account: account(name),
  boundMs,
  session: undefined,
});

function imported(bind: ListedBind, line = 1, begunMs = NOW): TokenOperation {
  const operation = operationOf(bind, line, begunMs);
  if (!isTokenOperation(operation)) throw new Error('an import binds tokens');
  return operation;
}

/** The accounts bound after the operations, applied one by one at a time. */
const boundAfter = (operations: readonly TokenOperation[], nowMs = NOW) =>
  candidates(
    operations.reduce((document, one) => merge(document, [one], horizonAt(nowMs)), EMPTY),
    nowMs,
  );

const TIMES = fc.option(fc.integer({ min: NOW - 12 * 365 * DAY_MS, max: NOW }), { nil: undefined });
const LAST_MONTH = fc.integer({ min: NOW - 31 * DAY_MS, max: NOW + DAY_MS });

test('a live logout of the last 31 days wins against an imported bind of any age, whichever comes first', () => {
  const logouts = [
    (ms: number) => unbind(ms, ['alice']),
    (ms: number) => unbindAll(ms),
    (ms: number) => override(ms, ['bob']),
    (ms: number) => overrideTypes(ms, ['bob']),
  ];
  fc.assert(
    fc.property(TIMES, LAST_MONTH, fc.constantFrom(...logouts), fc.boolean(), (boundMs, logoutMs, logout, isFirst) => {
      const both = [imported(listed('alice', boundMs)), logout(logoutMs)];
      expect(boundAfter(isFirst ? both : both.toReversed())).not.toContain(key('alice'));
    }),
  );
});

test('a live sign-out everywhere of the last 31 days removes an imported bind of any age', () => {
  fc.assert(
    fc.property(TIMES, LAST_MONTH, (boundMs, logoutMs) => {
      const document = merge(EMPTY, [imported(listed('alice', boundMs))], horizonAt(NOW));
      const watermark = raised(UNMARKED, unbindEverywhere(logoutMs, 'alice'));
      expect(isBound(document, key('alice'), watermark, NOW)).toBe(false);
    }),
  );
});

test('an import of one-per-type never replaces a live login of the last 31 days, whichever comes first', () => {
  fc.assert(
    fc.property(TIMES, LAST_MONTH, fc.boolean(), (boundMs, loginMs, isFirst) => {
      const both = [imported(listed('alice', boundMs, 'one-per-type')), overrideTypes(loginMs, ['bob'])];
      expect(boundAfter(isFirst ? both : both.toReversed())).toEqual([key('bob')]);
    }),
  );
});

test('the registry takes an imported bind of any age until five hours after the longest import', () => {
  fc.assert(
    fc.property(TIMES, fc.nat(10_000_000), (boundMs, line) => {
      const lateMs = NOW + LONGEST_IMPORT_MS + 5 * 3_600_000;
      expect(boundAfter([imported(listed('alice', boundMs), line)], lateMs)).toEqual([key('alice')]);
    }),
  );
  expect(IMPORT_AGE_MS + OLDEST_MS / 1000 + LONGEST_IMPORT_MS + 5 * 3_600_000).toBeLessThan(HORIZON_MS);
});

test('the later bind of two accounts of one type stays to the millisecond, in whatever order the lines come', () => {
  const ms = fc.integer({ min: NOW - OLDEST_MS, max: NOW - 2_000 });
  fc.assert(
    fc.property(ms, fc.integer({ min: 1, max: 2_000 }), fc.boolean(), (boundMs, later, isFirst) => {
      const both = [
        imported(listed('alice', boundMs, 'one-per-type')),
        imported(listed('bob', boundMs + later, 'one-per-type')),
      ];
      expect(boundAfter(isFirst ? both : both.toReversed())).toEqual([key('bob')]);
    }),
  );
});

test('the later of two lines without a time stays, and one with a time wins against both', () => {
  const first = imported(listed('alice', undefined, 'one-per-type'), 1);
  const second = imported(listed('bob', undefined, 'one-per-type'), 2);
  const timed = imported(listed('carol', NOW - 365 * DAY_MS, 'one-per-type'), 3);
  expect(boundAfter([second, first])).toEqual([key('bob')]);
  expect(boundAfter([timed, second, first])).toEqual([key('carol')]);
});

test('a line that is imported again changes nothing, and a second import leaves the same accounts', () => {
  const line = imported(listed('alice', NOW - DAY_MS));
  const once = merge(EMPTY, [line], horizonAt(NOW));
  expect(merge(once, [imported(listed('alice', NOW - DAY_MS))], horizonAt(NOW))).toEqual(once);
  const logout = unbind(NOW - 20 * DAY_MS, ['bob']);
  const again = [imported(listed('alice', NOW - DAY_MS), 1, NOW + DAY_MS), imported(listed('bob'), 2, NOW + DAY_MS)];
  expect(boundAfter([line, logout, ...again], NOW + DAY_MS)).toEqual([key('alice')]);
});

test('more imported accounts than a token can hold leave the newest, and all live ones', () => {
  const live = bind(NOW - DAY_MS, ['live']);
  const many = Array.from({ length: DOCUMENT_LIMITS.edges + 5 }, (_, i) =>
    imported(listed(`user-${i}`, NOW - i * DAY_MS)),
  );
  const bound = boundAfter([live, ...many]);
  expect(bound).toHaveLength(DOCUMENT_LIMITS.edges);
  expect(bound).toEqual(expect.arrayContaining([key('live'), key('user-0')]));
  expect(bound).not.toContain(key(`user-${DOCUMENT_LIMITS.edges + 4}`));
});
