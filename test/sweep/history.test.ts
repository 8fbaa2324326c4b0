import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { RENEWAL_DAYS, type StandingBind } from '../../functions/history/entry.ts';
import { renewStanding } from '../../functions/sweep/history.ts';
import { memoryRegistryIn, memoryTable } from '../memory/registry-store.ts';
import { memorySweepStore } from '../memory/sweep-store.ts';
import { bind, moved, override, session, unbind, unbindEverywhere } from '../world/examples.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-22T12:00:00.000Z');

type Times = [number, number, number];

async function world(...operations: Operation[]) {
  const table = memoryTable();
  const registry = memoryRegistryIn(table, () => NOW);
  await applyAll({ store: registry, now: () => NOW, pause: async () => {} }, operations);
  const page = await memorySweepStore(table, new Map(), 1_000).page(undefined);
  return async (day: number, beforeDay = day - 1, ledgerDay = -100) => {
    const renewed: StandingBind[] = [];
    const history = { begin: async () => 0, renew: async (one: StandingBind) => void renewed.push(one) };
    const [begunMs, beforeMs, ledgerMs] = [day, beforeDay, ledgerDay].map((one) => NOW + one * DAY_MS) as Times;
    const renewal = { pass: { begunMs, beforeMs, isDone: false }, ledgerMs };
    const count = await renewStanding({ registry, history, now: () => NOW + 9, renewal }, page);
    expect(count).toBe(renewed.length);
    return renewed;
  };
}

test('the binds that stand are renewed and no others, those of one event together, with their terms', async () => {
  const login = { ...override(NOW, ['alice', 'bob'], { session: 's1' }), untilMs: NOW + DAY_MS };
  const later = bind(NOW + 3, ['carol', 'dave']);
  const run = await world(login, unbind(NOW + 2, ['bob']), later, unbindEverywhere(NOW + 4, 'dave'));
  const terms = { session: session('s1'), untilMs: NOW + DAY_MS };
  expect(await run(0, -1, 0)).toMatchObject([
    { stamp: later.stamp, accounts: [{ id: 'carol' }], writtenMs: NOW },
    { stamp: login.stamp, accounts: [{ id: 'alice', ...terms }], writtenMs: NOW },
  ]);
});

test('each token has its turn once in every so many days', async () => {
  const phones = Array.from({ length: 40 }, (_, i) => moved(bind(NOW, ['alice']), `phone ${i}`));
  const run = await world(...phones);
  const tokens: string[] = [];
  for (let day = 0; day < RENEWAL_DAYS; day++) tokens.push(...(await run(day)).map(({ token }) => token));
  expect(tokens.sort()).toEqual(phones.map(({ token }) => token).sort());
});

test('every token has its turn until a whole pass has begun after the ledger did', async () => {
  const run = await world(...Array.from({ length: 40 }, (_, i) => moved(bind(NOW, ['alice']), `phone ${i}`)));
  expect(await run(1, 0, 0.1)).toHaveLength(40);
  expect((await run(2, 1, 0.1)).length).toBeLessThan(40);
});

test('no token is left out by passes that take longer than a day', async () => {
  const run = await world(...Array.from({ length: 40 }, (_, i) => moved(bind(NOW, ['alice']), `phone ${i}`)));
  const tokens: string[] = [];
  for (let day = 2; day <= RENEWAL_DAYS; day += 2) tokens.push(...(await run(day, day - 2)).map(({ token }) => token));
  expect(new Set(tokens).size).toBe(40);
  expect(tokens).toHaveLength(40);
});
