import { expect, test, vi } from 'vitest';
import { expectNoFindings } from './expect-no-findings.ts';
import { FAULTS, MIRROR_FAULTS } from './faults.ts';
import { PERMUTED } from './permutations.ts';
import { SUITES } from './suites.ts';
import { MINUTE_MS } from './timeline.ts';

vi.setConfig({ testTimeout: 10 * MINUTE_MS });

test('operations of 200,000 random histories, in any order, cut and copied, end as the serial order says', async () => {
  const { cases } = await expectNoFindings('lattice', 'deep');
  expect(cases).toBeGreaterThanOrEqual(200_000);
});

test('every choice of operations ends the same in every order: more than 300,000 orders', async () => {
  expect(SUITES.permutations.seeds.deep).toBe(PERMUTED.length);
  const { cases } = await expectNoFindings('permutations', 'deep');
  expect(cases).toBeGreaterThanOrEqual(300_000);
});

test('documents that overflow, and operations beyond the horizon, revive nothing', async () => {
  await expectNoFindings('limits', 'deep');
});

test('20,000 schedules on a hostile store end as the serial order says, and no read shows what was not true', async () => {
  await expectNoFindings('storage', 'deep');
});

test('15,000 schedules of logins that name installations leave only the token of the newest login bound', async () => {
  await expectNoFindings('installations', 'deep');
});

test('5,000 schedules with collectors end as if nothing had been collected, and weeks later only bindings are stored', async () => {
  await expectNoFindings('collecting', 'deep');
});

test('calls without a time end as if they had happened in the order in which they were made, whatever the clocks', async () => {
  await expectNoFindings('calls', 'deep');
});

test('doors, queue, worker and store leak nothing and lose nothing in 4,000 hostile cases', async () => {
  const { faults, figures } = await expectNoFindings('end-to-end', 'deep');
  expect(figures.leakedMs).toBe(0);
  expect(Object.keys(faults).sort()).toEqual([...FAULTS].sort());
});

test('the ledger names every binding that was there, and says yes of no other, in 150 hostile cases', async () => {
  await expectNoFindings('history', 'deep');
});

test('phones show no message to another person in 2,000 hostile cases, and would without the fence', async () => {
  const { faults, figures } = await expectNoFindings('phones', 'deep');
  expect(figures.shownWrong).toBe(0);
  expect(figures.strayed).toBeGreaterThan(300);
  // A case lasts hours, and nothing expires so soon.
  const expected = FAULTS.filter((fault) => fault !== 'store forgets what has expired');
  expect(Object.keys(faults).sort()).toEqual([...expected].sort());
});

test('a hosted API that loses, delays and swaps calls ends as the registry says, in 600 hostile cases', async () => {
  const { faults, figures } = await expectNoFindings('mirror', 'deep');
  expect([figures.leaksAtRest, figures.missingAtRest]).toEqual([0, 0]);
  // Of simulated time: every wait that a single failure can cost, one after the other, is some minutes.
  expect(figures.longestMs).toBeLessThan(30 * MINUTE_MS);
  expect(figures.leakMs / figures.removing).toBeLessThan(20_000);
  // A case lasts ten minutes, and nothing expires so soon.
  const expected = MIRROR_FAULTS.filter((fault) => fault !== 'store forgets what has expired');
  expect(Object.keys(faults).sort()).toEqual([...expected].sort());
});
