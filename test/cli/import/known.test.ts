import fc from 'fast-check';
import { expect, test } from 'vitest';
import { areKnown } from '../../../cli/import/known.ts';
import { OLDEST_MS, operationOf } from '../../../cli/import/operation.ts';
import { applyAll } from '../../../functions/core/apply.ts';
import { accountsOf } from '../../../functions/core/bindings.ts';
import { type Operation, sessionOf } from '../../../functions/core/operation.ts';
import { msOf } from '../../../functions/core/stamp.ts';
import { memoryRegistryStore } from '../../memory/registry-store.ts';
import {
  account,
  app,
  bind,
  override,
  overrideTypes,
  token,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../../world/examples.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const DAY_MS = 86_400_000;

const listed = (boundMs?: number, session?: string) =>
  operationOf(
    { app: app(), token: token('phone'), account: account('alice'), boundMs, session: sessionOf(session) },
    1,
    NOW,
  );

/** A registry that has applied live events, each at its own time. */
async function registryAfter(...events: readonly Operation[]) {
  const store = memoryRegistryStore();
  const apply = (nowMs: number, operation: Operation) =>
    applyAll({ store, now: () => nowMs, pause: async () => {} }, [operation]);
  for (const event of events) await apply(msOf(event.stamp), event);
  return {
    store,
    /** Imports Alice on the phone, and returns the accounts of the phone. */
    after: async (line: ReturnType<typeof listed>) => {
      const [isKnown] = await areKnown(store, [line]);
      if (!isKnown) await apply(NOW, line);
      return (await accountsOf(store, [line], NOW)).flat().map(({ id }) => id);
    },
  };
}

const AGE = fc.integer({ min: 0, max: 400 * DAY_MS });
const TIMES = fc.option(fc.integer({ min: NOW - OLDEST_MS, max: NOW }), { nil: undefined });

test('a live logout or login of another of any age wins against an imported bind of any age', async () => {
  const events = [
    (ms: number) => unbind(ms, ['alice']),
    (ms: number) => unbindAll(ms),
    (ms: number) => unbindEverywhere(ms, 'alice'),
    (ms: number) => override(ms, ['bob']),
    (ms: number) => overrideTypes(ms, ['bob']),
  ];
  await fc.assert(
    fc.asyncProperty(TIMES, AGE, fc.constantFrom(...events), async (boundMs, ageMs, event) => {
      const { after } = await registryAfter(event(NOW - ageMs));
      expect(await after(listed(boundMs))).not.toContain('alice');
    }),
  );
});

test('an old live login keeps its session, which an imported bind of the same account would replace', async () => {
  const { store } = await registryAfter(bind(NOW - 90 * DAY_MS, ['alice'], { session: 's' }));
  expect(await areKnown(store, [listed(NOW - DAY_MS)])).toEqual([true]);
});

test('a bind of an earlier import is not known, until a live logout ends it', async () => {
  const earlier = operationOf(
    {
      app: app('shop', 'one-per-type'),
      token: token('phone'),
      account: account('alice'),
      boundMs: NOW,
      session: sessionOf('s'),
    },
    1,
    NOW - 60 * DAY_MS,
  );
  const { store } = await registryAfter(earlier);
  expect(await areKnown(store, [listed()])).toEqual([false]);
  const ended = { kind: 'endSession', app: app().id, token: token('phone'), session: sessionOf('s') } as const;
  const logout = { ...ended, stamp: unbindAll(NOW - 50 * DAY_MS).stamp };
  expect(await (await registryAfter(earlier, logout)).after(listed())).toEqual([]);
});

test('a new token, and one that a sign-out of another account concerns, are imported', async () => {
  const { after } = await registryAfter(unbindEverywhere(NOW - 40 * DAY_MS, 'bob'));
  expect(await after(listed())).toEqual(['alice']);
});
