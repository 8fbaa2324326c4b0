import { describe, expect, test } from 'vitest';
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

const told = (names: readonly string[], nowMs: number, isPushed = true, removes = false) => ({
  accounts: names.map(account),
  change: { ms: nowMs - 10, removes },
  nowMs,
  isPushed,
  isNew: true,
});

const pushed = (names: readonly string[], nowMs = 100) => afterPush(UNKNOWN, told(names, nowMs));

describe('the hosted side has to be told', () => {
  test('what it was never told, even that nothing is bound', () => {
    expect(needsPush(UNKNOWN, [])).toBe(true);
    expect(needsPush(UNKNOWN, [account('alice')])).toBe(true);
  });

  test('nothing that it was told last, in whatever order', () => {
    const state = pushed(['alice', 'bobby:1']);
    expect(needsPush(state, [account('bobby:1'), account('alice')])).toBe(false);
    expect(needsPush(state, [account('alice')])).toBe(true);
    expect(needsPush(state, [account('alice'), account('bobby')])).toBe(true);
  });

  test('again where nobody knows whether it isPushed', () => {
    expect(needsPush(afterPush(pushed(['alice']), told(['bobby'], 200, false)), [account('bobby')])).toBe(true);
  });

  test('again where it was found to hold something else', () => {
    expect(needsPush(afterMiss(pushed(['alice']), []), [account('alice')])).toBe(true);
  });

  test('again where it did not take the token before', () => {
    expect(needsPush(afterDrop(pushed(['alice']), 'unknownToken', 200), [account('alice')])).toBe(true);
  });
});

describe('whatever may be bound there is remembered', () => {
  test('from the first call to the verification that finds it gone', () => {
    let state = pushed(['alice']);
    state = afterPush(state, told(['bobby:1'], 200));
    state = afterMiss(state, [account('carol:2')]);
    expect(new Set(seenAccounts(state))).toEqual(new Set(['alice', 'bobby:1', 'carol:2'].map(account)));
    expect(seenAccounts(afterMatch(state, [account('bobby:1')]))).toEqual([account('bobby:1')]);
  });

  test('in a bounded list, the newest first', () => {
    let state = UNKNOWN;
    for (let i = 0; i < 100; i++) state = afterPush(state, told([`user${i}`], i));
    expect(state.seen).toHaveLength(30);
    expect(state.seen[0]).toBe(key('user99'));
  });
});

describe('the lag counts', () => {
  test('from the oldest change and the oldest removal that no verification has confirmed', () => {
    let state = afterPush(UNKNOWN, told(['alice'], 110));
    expect(state).toMatchObject({ changedMs: 100, pushedMs: 110 });
    expect(state).not.toHaveProperty('removedMs');
    state = afterPush(state, told([], 210, true, true));
    state = afterPush(state, told(['bobby'], 310, true, true));
    expect(state).toMatchObject({ changedMs: 100, removedMs: 200, pushedMs: 310 });
    state = afterMatch(state, [account('bobby')]);
    expect(state).toEqual({ pushed: [key('bobby')], seen: [key('bobby')], pushedMs: 310, misses: 0 });
  });

  test('verifications in a row that found something else, and starts again with one that did not, or with a change', () => {
    const missed = afterMiss(afterMiss(pushed(['alice']), []), []);
    expect(missed.misses).toBe(2);
    expect(afterPush(missed, { ...told(['alice'], 200), isNew: false }).misses).toBe(2);
    expect(afterPush(missed, told(['bobby'], 200)).misses).toBe(0);
    expect(afterMatch(missed, []).misses).toBe(0);
  });
});

test('a token that the hosted side does not take says why, until it is told again', () => {
  const dropped = afterDrop(pushed(['alice']), 'unknownToken', 200);
  expect(dropped.dropped).toBe('unknownToken');
  expect(afterPush(dropped, told(['alice'], 300))).not.toHaveProperty('dropped');
});

test('a state reads back as it was written', () => {
  const states = [UNKNOWN, pushed(['alice', 'a#b:2']), afterDrop(UNKNOWN, 'x', 5), afterMiss(pushed(['alice']), [])];
  for (const state of states) expect(MirrorState.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
});

describe('the hosted side is equal', () => {
  test('where it holds the same accounts in any order', () => {
    const wanted = ['alice', 'bobby:1'].map(account);
    expect(isEqual(wanted, wanted.toReversed(), false)).toBe(true);
    expect(isEqual(wanted, wanted.slice(1), false)).toBe(false);
    expect(isEqual(wanted, [...wanted, account('carol')], false)).toBe(false);
    expect(isEqual([account('alice')], [account('alice:1')], false)).toBe(false);
    expect(isEqual([], [], false)).toBe(true);
  });

  test('by ids alone where its replies name no types', () => {
    expect(isEqual([account('alice:1')], [account('alice')], true)).toBe(true);
    expect(isEqual([account('alice:1')], [account('bobby')], true)).toBe(false);
  });
});
