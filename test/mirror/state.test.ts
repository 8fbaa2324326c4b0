import { expect, test } from 'vitest';
import {
  afterDrop,
  afterMatch,
  afterMiss,
  afterPush,
  isEqual,
  needsPush,
  seenAccounts,
  UNKNOWN,
} from '../../functions/mirror/state.ts';
import { account, key } from '../world/examples.ts';

const pushOf = (names: readonly string[], nowMs: number, isPushed = true, removes = false) => ({
  accounts: names.map(account),
  change: { ms: nowMs - 10, removes },
  nowMs,
  isPushed,
  isNew: true,
});

const pushed = (names: readonly string[], nowMs = 100) => afterPush(UNKNOWN, pushOf(names, nowMs));

test('a push of the same accounts is not needed, in any order', () => {
  const state = pushed(['alice', 'bobby:1']);
  expect(needsPush(state, [account('bobby:1'), account('alice')])).toBe(false);
  expect(needsPush(state, [account('alice')])).toBe(true);
  expect(needsPush(state, [account('alice'), account('bobby')])).toBe(true);
});

test('accounts that may be bound are remembered until a verification finds them gone', () => {
  let state = pushed(['alice']);
  state = afterPush(state, pushOf(['bobby:1'], 200));
  state = afterMiss(state, [account('carol:2')]);
  expect(new Set(seenAccounts(state))).toEqual(new Set(['alice', 'bobby:1', 'carol:2'].map(account)));
  expect(seenAccounts(afterMatch(state, [account('bobby:1')]))).toEqual([account('bobby:1')]);
});

test('the accounts that may be bound are a bounded list, newest first', () => {
  let state = UNKNOWN;
  for (let i = 0; i < 100; i++) state = afterPush(state, pushOf([`user${i}`], i));
  expect(state.seen).toHaveLength(30);
  expect(state.seen[0]).toBe(key('user99'));
});

test('the lag counts from the oldest change and the oldest removal without a verification', () => {
  let state = afterPush(UNKNOWN, pushOf(['alice'], 110));
  expect(state).toMatchObject({ changedMs: 100, pushedMs: 110 });
  expect(state).not.toHaveProperty('removedMs');
  state = afterPush(state, pushOf([], 210, true, true));
  state = afterPush(state, pushOf(['bobby'], 310, true, true));
  expect(state).toMatchObject({ changedMs: 100, removedMs: 200, pushedMs: 310 });
  state = afterMatch(state, [account('bobby')]);
  expect(state).toEqual({ pushed: [key('bobby')], seen: [key('bobby')], pushedMs: 310, misses: 0 });
});

test('misses count mismatches in a row and start again with a match or a change', () => {
  const missed = afterMiss(afterMiss(pushed(['alice']), []), []);
  expect(missed.misses).toBe(2);
  expect(afterPush(missed, { ...pushOf(['alice'], 200), isNew: false }).misses).toBe(2);
  expect(afterPush(missed, pushOf(['bobby'], 200)).misses).toBe(0);
  expect(afterMatch(missed, []).misses).toBe(0);
});

test('a dropped token keeps the reason until the next push, which is needed', () => {
  const dropped = afterDrop(pushed(['alice']), 'unknownToken', 200);
  expect(needsPush(dropped, [account('alice')])).toBe(true);
  expect(dropped.dropped).toBe('unknownToken');
  expect(afterPush(dropped, pushOf(['alice'], 300))).not.toHaveProperty('dropped');
});

test.each([
  [['alice', 'bobby:1'], ['bobby:1', 'alice'], false, true],
  [['alice', 'bobby:1'], ['bobby:1'], false, false],
  [['alice'], ['alice', 'carol'], false, false],
  [['alice'], ['alice:1'], false, false],
  [[], [], false, true],
  [['alice:1'], ['alice'], true, true],
  [['alice:1'], ['bobby'], true, false],
])('accounts %j and %j, without types: %j, are equal in any order: %j', (target, found, untyped, expected) => {
  expect(isEqual(target.map(account), found.map(account), untyped)).toBe(expected);
});
