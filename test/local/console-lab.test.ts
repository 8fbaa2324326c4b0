import { expect, test } from 'vitest';
import { FAULTS, type Rates } from '../../local/console/lab/faults.ts';
import { Lab } from '../../local/console/lab/lab.ts';
import type { LabEvent, Name } from '../../local/console/lab/world.ts';
import type { Device } from '../../local/console/wire.ts';

/** Random numbers that a seed decides (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that only the test moves, with the timers that wait for it. */
function virtualClock() {
  let nowMs = 1_000_000;
  const waiting: { atMs: number; wake: () => void }[] = [];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => nowMs,
    pause: (ms: number) => new Promise<void>((wake) => waiting.push({ atMs: nowMs + ms, wake })),
    async advance(ms: number) {
      nowMs += ms;
      for (const one of waiting.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs)) {
        waiting.splice(waiting.indexOf(one), 1);
        one.wake();
        await settle();
      }
    },
  };
}

/** A registry that decides by the time of the events, as ours does, with a fence for each session; or by their arrival. */
function registry(isOrdered: boolean) {
  const last = new Map<string, { atMs: number; person?: Name; session?: string }>();
  const gone = new Map<Name, number>();
  const send = async (event: LabEvent) => {
    if (event.kind === 'everywhere') gone.set(event.person, Math.max(event.atMs, gone.get(event.person) ?? 0));
    else if (!isOrdered || (last.get(event.token)?.atMs ?? 0) < event.atMs) last.set(event.token, event);
  };
  const devices = async (): Promise<Device[]> =>
    [...last].flatMap(([token, { person, session = '', atMs }]) =>
      person === undefined || atMs <= (gone.get(person) ?? 0)
        ? []
        : [{ account: person, app: 'app', token, fence: session }],
    );
  return { send, devices };
}

const NONE: Rates = { late: 0, twice: 0, swapped: 0, lost: 0, crash: 0 };

async function play(rates: Rates, seed: number, isBroken = false) {
  const { advance, ...clock } = virtualClock();
  const { send, devices } = registry(!isBroken);
  const ask = async () => (await devices()).map((one) => (isBroken ? { ...one, fence: 'one for all' } : one));
  const lab = new Lab({ run: `${seed}`, random: seeded(seed), ...clock, send, devices: ask });
  for (let step = 0; step < 300; step += 1) {
    if (step % 3 === 0) lab.act(rates, step < 12 ? 'login' : undefined);
    await advance(200);
    await lab.ask();
    lab.compare();
  }
  return lab;
}

test('events without a fault leak for no longer than their way takes, and a phone that is reinstalled leaks in a plain table', async () => {
  const { scores, fenced } = await play(NONE, 1);
  expect(scores.ours.leaked).toBe(0);
  expect(fenced).toBeGreaterThan(0);
  expect(scores.naive.leaked).toBeGreaterThan(1);
});

test.each(FAULTS)(
  'the fault %s makes a plain table leak more, and the registry with its fences not at all',
  async (fault) => {
    const [base, struck] = [await play(NONE, 7), await play({ ...NONE, [fault]: 0.5 }, 7)];
    expect(struck.scores.naive.leaked, fault).toBeGreaterThan(base.scores.naive.leaked * 0.8);
    expect(struck.scores.ours.leaked).toBe(0);
  },
);

test('all faults together leak in a plain table and behind a FIFO relay for many people-seconds', async () => {
  const { scores } = await play({ late: 0.4, twice: 0.3, swapped: 0.3, lost: 0.1, crash: 0.1 }, 3);
  expect(scores.naive.leaked).toBeGreaterThan(20);
  expect(scores.fifo.leaked).toBeGreaterThan(20);

  expect(scores.ours.leaked).toBe(0);
});

test('the counter of ours is measured: a registry that goes by arrival and has one fence for all leaks', async () => {
  const { scores } = await play({ ...NONE, late: 0.5 }, 3, true);
  expect(scores.ours.leaked).toBeGreaterThan(1);
});

test('a registry that gives no answer, or a late one, is not counted as one that keeps phones right', async () => {
  const { advance, ...clock } = virtualClock();
  let answer = async (): Promise<Device[]> => Promise.reject(new Error('HTTP 503'));
  const lab = new Lab({ run: '1', random: seeded(1), ...clock, send: async () => {}, devices: () => answer() });
  lab.act(NONE, 'login');
  for (let step = 0; step < 10; step += 1) {
    await advance(200);
    await lab.ask();
    lab.compare();
  }
  expect(lab.scores.ours).toEqual({ leaked: 0, missed: expect.closeTo(2) });
  expect(lab.unanswered).toBeCloseTo(2);
  answer = () => new Promise(() => {});
  void lab.ask();
  await advance(1_000);
  lab.compare();
  expect(lab.unanswered).toBeCloseTo(3);
  expect(lab.answers).toBe(0);
});

test('time in which the page did not look is left out', async () => {
  const { advance, ...clock } = virtualClock();
  const lab = new Lab({ run: '1', random: seeded(1), ...clock, send: async () => {}, devices: async () => [] });
  lab.act(NONE, 'login');
  await advance(60_000);
  lab.compare();
  expect(lab.scores.ours.missed).toBe(0);
});
