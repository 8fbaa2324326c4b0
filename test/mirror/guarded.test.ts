import { expect, test } from 'vitest';
import type { AccountsAnswer } from '../../functions/account-api/client.ts';
import { breaker, type GuardNote, guarded, HELD_BACK } from '../../functions/mirror/hosted.ts';
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
