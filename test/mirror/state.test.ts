import { expect, test } from 'vitest';
import {
  afterDrop,
  afterMatch,
  afterMiss,
  afterPush,
  isEqual,
  MirrorState,
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

test('a token without a push needs one, even for no account', () => {
  expect(needsPush(UNKNOWN, [])).toBe(true);
  expect(needsPush(UNKNOWN, [account('alice')])).toBe(true);
});

test('a push of the same accounts is not needed, in any order', () => {
  const state = pushed(['alice', 'bobby:1']);
  expect(needsPush(state, [account('bobby:1'), account('alice')])).toBe(false);
  expect(needsPush(state, [account('alice')])).toBe(true);
  expect(needsPush(state, [account('alice'), account('bobby')])).toBe(true);
});

test('a push is needed after one without an answer', () => {
  expect(needsPush(afterPush(pushed(['alice']), pushOf(['bobby'], 200, false)), [account('bobby')])).toBe(true);
});

test('a push is needed after a mismatch', () => {
  expect(needsPush(afterMiss(pushed(['alice']), []), [account('alice')])).toBe(true);
});

test('a push is needed after a drop', () => {
  expect(needsPush(afterDrop(pushed(['alice']), 'unknownToken', 200), [account('alice')])).toBe(true);
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

test('a dropped token keeps the reason until the next push', () => {
  const dropped = afterDrop(pushed(['alice']), 'unknownToken', 200);
  expect(dropped.dropped).toBe('unknownToken');
  expect(afterPush(dropped, pushOf(['alice'], 300))).not.toHaveProperty('dropped');
});

test('a state reads back as it was written', () => {
  const states = [UNKNOWN, pushed(['alice', 'a#b:2']), afterDrop(UNKNOWN, 'x', 5), afterMiss(pushed(['alice']), [])];
  for (const state of states) expect(MirrorState.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
});

test('two lists of the same accounts in any order are equal', () => {
  const wanted = ['alice', 'bobby:1'].map(account);
  expect(isEqual(wanted, wanted.toReversed(), false)).toBe(true);
  expect(isEqual(wanted, wanted.slice(1), false)).toBe(false);
  expect(isEqual(wanted, [...wanted, account('carol')], false)).toBe(false);
  expect(isEqual([account('alice')], [account('alice:1')], false)).toBe(false);
  expect(isEqual([], [], false)).toBe(true);
});

test('lists without types are compared by ids alone', () => {
  expect(isEqual([account('alice:1')], [account('alice')], true)).toBe(true);
  expect(isEqual([account('alice:1')], [account('bobby')], true)).toBe(false);
});
