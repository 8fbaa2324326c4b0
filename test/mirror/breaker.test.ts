import { expect, test } from 'vitest';
import { breaker } from '../../functions/mirror/hosted.ts';

function failing(times: number, random = 0.5) {
  const clock = { ms: 1_000_000 };
  const one = breaker({ now: () => clock.ms, random: () => random });
  for (let i = 0; i < times; i++) one.failed();
  return { clock, ...one };
}

test('a breaker lets every call through until five in a row have failed', () => {
  expect(failing(4).waitMs()).toBe(0);
  expect(failing(5).waitMs()).toBeGreaterThan(0);
  const { succeeded, failed, waitMs } = failing(4);
  succeeded();
  for (let i = 0; i < 4; i++) failed();
  expect(waitMs()).toBe(0);
});

test('a half-open breaker lets one probe through, and no other call while the probe is under way', () => {
  const { clock, waitMs, state } = failing(5);
  clock.ms += waitMs();
  expect(state()).toBe('half-open');
  expect(waitMs()).toBe(0);
  expect(waitMs()).toBeGreaterThan(0);
});

test('a breaker can be asked for its wait without a caller becoming the probe', () => {
  expect(failing(4).blockedMs()).toBe(0);
  const { clock, blockedMs, waitMs } = failing(5);
  expect(blockedMs()).toBe(waitMs());
  clock.ms += waitMs();
  expect([blockedMs(), blockedMs(), waitMs()]).toEqual([0, 0, 0]);
  expect(blockedMs()).toBeGreaterThan(0);
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

test('a stopped breaker lets one call through in five minutes', () => {
  const { clock, stopped, waitMs, state } = failing(0);
  stopped();
  expect([state(), waitMs()]).toEqual(['stopped', 300_000]);
  clock.ms += 300_000;
  expect([waitMs(), waitMs() > 0]).toEqual([0, true]);
});
