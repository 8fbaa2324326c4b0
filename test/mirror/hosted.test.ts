import { expect, test } from 'vitest';
import type { AccountsAnswer } from '../../functions/account-api/client.ts';
import { breaker, type GuardNote, guarded, HELD_BACK, pace } from '../../functions/mirror/hosted.ts';
import { token } from '../world/examples.ts';

function world(paceMs = 0) {
  const clock = { ms: 1_000_000 };
  const notes: GuardNote[] = [];
  const paused: number[] = [];
  let answer: AccountsAnswer = { kind: 'found', accounts: [[]] };
  let calls = 0;
  const hosted = {
    operate: async () => ({ kind: 'answered', results: [] }) as const,
    accountsOf: async () => {
      calls++;
      return answer;
    },
  };
  const side = guarded({
    hosted,
    breaker: breaker({ now: () => clock.ms, random: () => 1 }),
    paceMs: () => paceMs,
    pause: async (ms) => void paused.push(ms),
    note: (note) => notes.push(note),
  });
  return {
    ...{ clock, notes, paused, blockedMs: side.blockedMs },
    ask: () => side.accountsOf([token('phone')]),
    says: (next: AccountsAnswer) => {
      answer = next;
    },
    calls: () => calls,
  };
}

const DOWN: AccountsAnswer = { kind: 'unavailable', reason: 'timeout' };

test('a guarded API gets every call, and a note has its size and its result', async () => {
  const { ask, notes, calls } = world();
  expect(await ask()).toEqual({ kind: 'found', accounts: [[]] });
  expect([calls(), notes]).toEqual([1, [{ kind: 'called', call: 'accountsOf', elements: 1, answer: 'found' }]]);
});

test('an API that keeps failing gets no call but a probe now and then', async () => {
  const { ask, says, calls, clock, blockedMs } = world();
  expect(blockedMs?.()).toBe(0);
  says(DOWN);
  for (let i = 0; i < 50; i++) await ask();
  expect(calls()).toBe(5);
  expect(await ask()).toMatchObject({ kind: 'unavailable', reason: HELD_BACK, retryAfterMs: 1_000 });
  expect(blockedMs?.()).toBe(1_000);
  clock.ms += 1_000;
  await ask();
  await ask();
  expect(calls()).toBe(6);
});

test('an API is called again as soon as a probe succeeds', async () => {
  const { ask, says, calls, clock, notes } = world();
  says(DOWN);
  for (let i = 0; i < 5; i++) await ask();
  says({ kind: 'found', accounts: [[]] });
  clock.ms += 1_000;
  for (let i = 0; i < 10; i++) await ask();
  expect(calls()).toBe(15);
  expect(notes.filter(({ kind }) => kind === 'breaker')).toEqual([
    { kind: 'breaker', state: 'open', reason: 'timeout' },
    { kind: 'breaker', state: 'closed', reason: 'found' },
  ]);
});

test('an API that refuses the credential is stopped, and each try is noted', async () => {
  const { ask, says, calls, clock, notes } = world();
  says({ kind: 'unauthorized', reason: 'code 1008031' });
  for (let minute = 0; minute < 10; minute++) {
    await ask();
    clock.ms += 60_000;
  }
  expect(calls()).toBe(2);
  expect(notes.filter(({ kind }) => kind === 'breaker')).toEqual(
    [0, 1].map(() => ({ kind: 'breaker', state: 'stopped', reason: 'code 1008031' })),
  );
});

test('an API that refuses a request works: a refusal is no failure', async () => {
  const { ask, says, calls } = world();
  says({ kind: 'refused', reason: 'code 1008007' });
  for (let i = 0; i < 20; i++) await ask();
  expect(calls()).toBe(20);
});

test('a guarded API is called no faster than its pace', async () => {
  const { ask, paused } = world(40);
  await ask();
  expect(paused).toEqual([40]);
});

function failing(times: number, random = 0.5) {
  const clock = { ms: 1_000_000 };
  const one = breaker({ now: () => clock.ms, random: () => random });
  for (let i = 0; i < times; i++) one.failed();
  return { clock, ...one };
}

test('a breaker lets every call through while no five in a row fail', () => {
  const { succeeded, failed, waitMs } = failing(4);
  succeeded();
  for (let i = 0; i < 4; i++) failed();
  expect(waitMs()).toBe(0);
});

test('a half-open breaker lets one probe through; asking for the wait makes no caller the probe', () => {
  expect(failing(4).blockedMs()).toBe(0);
  const { clock, blockedMs, waitMs, state } = failing(5);
  expect(blockedMs()).toBe(waitMs());
  clock.ms += waitMs();
  expect([state(), blockedMs(), blockedMs(), waitMs()]).toEqual(['half-open', 0, 0, 0]);
  expect([blockedMs(), waitMs()]).toEqual([expect.toSatisfy((ms) => ms > 0), expect.toSatisfy((ms) => ms > 0)]);
});

test('a breaker closes with the first success and waits longer with each failure, up to a minute', () => {
  const { clock, waitMs, failed, succeeded, state } = failing(5, 1);
  const waits: number[] = [];
  for (let i = 0; i < 10; i++) {
    waits.push(waitMs());
    clock.ms += waitMs();
    waitMs();
    clock.ms += 6_000; // the probe
    failed();
  }
  expect(waits.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
  expect(Math.max(...waits)).toBe(60_000);
  succeeded();
  expect([state(), waitMs()]).toEqual(['closed', 0]);
});

test('a breaker waits at least half of a period, and instances do not come back together', () => {
  expect([failing(5, 0).waitMs(), failing(5, 1).waitMs()]).toEqual([500, 1_000]);
});

test('a breaker waits as long as the hosted API asks for, from the first failure on, up to a minute', () => {
  const { failed, waitMs } = failing(0);
  failed(7_000);
  expect(waitMs()).toBe(7_000);
  failed(3_600_000);
  expect(waitMs()).toBe(60_000);
});

test.each([
  [4, [0, 0, 0, 0, 250, 500, 750, 1_000]],
  [0.5, [0, 2_000, 4_000]],
])('a second’s worth of calls goes at once, the others one after the other, at %d a second', (perS, times) => {
  const take = pace(perS, () => 0);
  expect(times.map(take)).toEqual(times);
});

test('no second sees more than twice the rate, however long the pause before', () => {
  const clock = { ms: 0 };
  const take = pace(10, () => clock.ms);
  take();
  clock.ms = 3_600_000;
  const waits = Array.from({ length: 40 }, take);
  expect(waits.filter((ms) => ms < 1_000).length).toBeLessThanOrEqual(20);
  expect(waits.at(-1)).toBe(3_000);
});
