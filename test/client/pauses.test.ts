import { expect, test, vi } from 'vitest';
import { Bindery } from '../../client/bindery.ts';
import { APPLIED } from './server.ts';

const NOW = Date.parse('2026-11-28T12:00:00.000Z');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Returns the pauses (ms) that a client makes after answers with these `Retry-After`, without waiting for them. */
async function pausesOf(answers: readonly (string | undefined)[], random: number): Promise<number[]> {
  vi.spyOn(Math, 'random').mockReturnValue(random);
  const replies = answers.map(
    (after) => new Response('', { status: 503, headers: after ? { 'retry-after': after } : {} }),
  );
  const fetch = async () => replies.shift() ?? Response.json(APPLIED);
  const timer = vi.spyOn(globalThis, 'setTimeout');
  const pauses: number[] = [];
  timer.mockImplementation((resume, ms = 0) => {
    pauses.push(Math.round(ms));
    queueMicrotask(resume);
    return undefined as unknown as NodeJS.Timeout; // it is only cleared when a signal is aborted
  });
  const bindery = new Bindery({ url: 'http://bindery', source: 'app', secret: SECRET, fetch, now: () => NOW });
  await bindery.login({ token: 't', account: 'alice' });
  timer.mockRestore();
  return pauses;
}

test('a pause is at most twice the one before and at most 10 seconds, and at random below that', async () => {
  const failures = Array(8).fill(undefined);
  expect(await pausesOf(failures, 1)).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  expect(await pausesOf(failures, 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
});

test('Retry-After is waited for, as seconds or a date, with the jitter on top', async () => {
  const dates = ['Sat, 28 Nov 2026 12:00:07 GMT', 'Mon, 01 Jan 2024 00:00:00 GMT'];
  expect(await pausesOf(['3', ...dates, '-1', 'soon', '0'], 0.5)).toEqual([3_100, 7_200, 400, 800, 1_600, 3_200]);
});
