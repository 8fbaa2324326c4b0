import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Trial, trial } from '../../cli/trial/whole.ts';
import { readConfiguration } from '../../infra/configuration.ts';
import { startMirrored } from '../../local/hosted/mirrored.ts';
import { FAULTS } from '../../local/hosted/tasks.ts';
import type { Local } from '../../local/instance.ts';
import { CONFIG } from './started.ts';

const EVENTS = 240;
const SMALL = { events: EVENTS, seconds: 4, tokens: 40, settleS: 1, waitS: 60 };

let local: Local;
beforeAll(async () => {
  const read = readConfiguration(CONFIG);
  if ('problems' in read) throw new Error(read.problems.join('\n'));
  const delays = { usualMs: 200, lateMs: 800 };
  local = await startMirrored({ ...read, port: 0, faults: FAULTS, delays, settleS: 1 });
});
afterAll(() => local.stop());

const accepted = ({ statuses: { mirrored } }: Trial): number => (mirrored['200'] ?? 0) + (mirrored['202'] ?? 0);

describe('a hosted side whose calls are late, lost, out of order, or answered with errors', () => {
  test('ends with the accounts that Bindery has, on every token', async () => {
    const result = await trial(local, { ...SMALL, isDown: false });
    expect(accepted(result)).toBe(EVENTS);
    expect(result.different).toBe(0);
    // Coalescing alone gives a third of this at such a rate: more calls than events would be a call for each.
    expect(result.callsPerEvent).toBeLessThan(1.3);
  });
});

describe('a hosted side that is down', () => {
  test('changes no answer: an app without a mirror gets the same', async () => {
    const { statuses } = await trial(local, { ...SMALL, isDown: true, isAwaited: false });
    expect(statuses).toMatchObject({ pairs: EVENTS, alike: EVENTS });
    for (const answers of [statuses.mirrored, statuses.unmirrored])
      expect(Object.keys(answers).filter((status) => !['200', '202'].includes(status))).toEqual([]);
  });
});
