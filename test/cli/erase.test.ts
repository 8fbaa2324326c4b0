import { expect, test } from 'vitest';
import { erase as eraseCommand } from '../../cli/erase/erase.ts';
import { find, type Subject } from '../../cli/erase/find.ts';
import { entriesOf, forgetEntries } from '../../cli/erase/ledger.ts';
import { eraseNow } from '../../cli/erase/now.ts';
import type { World } from '../../cli/erase/world.ts';
import { historyReader } from '../../functions/aws/history-reader.ts';
import { recording } from '../../functions/aws/history-store.ts';
import { AccountType } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { tokensOf } from '../../functions/core/bindings.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { answersAt } from '../../functions/history/replay.ts';
import type { StoredState } from '../../functions/mirror/state.ts';
import { embeddedTable } from '../aws/table.ts';
import { memoryMirrorStore } from '../memory/mirror-store.ts';
import { memoryRegistryIn, memoryTable } from '../memory/registry-store.ts';
import { memorySweepStore } from '../memory/sweep-store.ts';
import { account, app, bind, moved, override, overrideTypes, token, unbind } from '../world/examples.ts';
import { run } from './run.ts';

const SHOP = app().id;
const PHONE = AccountType.parse(1);
const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const SUBJECT: Subject = { ids: ['canary'] };

type Worker = (operations: readonly Operation[], apply: (all: readonly Operation[]) => Promise<unknown>) => unknown;

/** A registry in memory with a worker; `worker` may do other things. Time passes while the command sleeps. */
async function worldOf(before: readonly Operation[], worker: Worker = (operations, apply) => apply(operations)) {
  const table = memoryTable();
  const states = new Map<string, StoredState>();
  const registry = memoryRegistryIn(table);
  let nowMs = NOW;
  const apply = (all: readonly Operation[]) =>
    applyAll({ store: registry, now: () => nowMs, pause: async () => {} }, all);
  await apply(before);
  const store = memorySweepStore(table, states, 2);
  const world: World = {
    name: 'memory',
    registry,
    states: memoryMirrorStore(states),
    apps: [SHOP],
    mirrored: new Set(),
    enqueue: async (_, operations) => worker(operations, apply),
    find: async () => ({ found: await find(store, SUBJECT), entries: [] }),
    ledger: undefined,
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    progress: () => {},
  };
  const bound = async (name: string) => (await tokensOf(registry, [{ app: SHOP, account: account(name) }], nowMs))[0];
  return { table, states, world, apply, bound };
}

const named = ({ table, states }: Awaited<ReturnType<typeof worldOf>>) =>
  JSON.stringify([table.documents, table.pointers, table.watermarks, states].map((map) => [...map])).includes('canary');

const LIFE = [
  bind(NOW - 9_000, ['canary', 'bob']),
  moved(bind(NOW - 8_000, ['canary']), 'tablet'),
  moved(unbind(NOW - 7_000, ['canary']), 'watch'),
];

test('an erase takes the name out of binds and removals, and leaves other accounts', async () => {
  const one = await worldOf(LIFE);
  const { receipt, isClean } = await eraseNow(one.world, SUBJECT, 'e1');
  expect({ isClean, forgotten: receipt.forgotten }).toMatchObject({ isClean: true, forgotten: { devices: 3 } });
  expect(named(one)).toBe(false);
  expect((await one.bound('bob'))?.tokens).toEqual(['phone']);
  expect((await one.bound('canary'))?.tokens).toEqual([]);
});

test('an erase removes no name while its sign-outs are not in effect', async () => {
  const one = await worldOf(LIFE, () => {});
  await expect(eraseNow(one.world, SUBJECT, 'e1')).rejects.toThrow('not in effect after 10 minutes');
  expect((await one.bound('canary'))?.tokens).toEqual(['tablet', 'phone']);
});

test('a sign-in that comes during the erase stays, and the receipt says so', async () => {
  const one = await worldOf(LIFE, async (operations, apply) => {
    await apply(operations);
    await apply([moved(bind(NOW + 1_000, ['canary']), 'tablet')]);
  });
  const { receipt, isClean } = await eraseNow(one.world, SUBJECT, 'e1');
  expect(isClean).toBe(true);
  expect(receipt.left[0]).toMatch(/^1 device/);
  expect((await one.bound('canary'))?.tokens).toEqual(['tablet']);
});

test('late copies of all events bind nothing after an erase, and the next erase takes their names out', async () => {
  const one = await worldOf(LIFE);
  await eraseNow(one.world, SUBJECT, 'e1');
  await one.apply([...LIFE, moved(bind(NOW - 1_000, ['canary']), 'watch')]);
  expect((await one.bound('canary'))?.tokens).toEqual([]);
  expect(named(one)).toBe(true);
  await eraseNow(one.world, SUBJECT, 'e2');
  expect(named(one)).toBe(false);
});

test('a mirror keeps the name until its comparison, unless it compares the token no more', async () => {
  const one = await worldOf([]);
  const state = {
    pushed: ['0#canary' as const],
    seen: ['0#canary' as const, '0#bob' as const],
    pushedMs: 1,
    misses: 0,
  };
  one.states.set(`${SHOP}#phone`, { version: 1, state });
  const mirrored = new Set([SHOP]);
  const first = await eraseNow({ ...one.world, mirrored }, SUBJECT, 'e1');
  expect([first.isClean, first.receipt.left[0]]).toEqual([false, expect.stringMatching(/^1 mirror state/)]);
  await one.world.states.writeState(SHOP, token('phone'), { ...state, dropped: 'unknownToken' }, 1);
  expect(await eraseNow({ ...one.world, mirrored }, SUBJECT, 'e2')).toMatchObject({ isClean: true });
  expect(one.states.get(`${SHOP}#phone`)?.state.seen).toEqual(['0#bob']);
});

test('a sign-in that comes late binds nothing under a type that the registry knows of others only', async () => {
  const typed = (name: string, ms: number) => ({ ...bind(ms, []), accounts: [{ ...account(name), type: PHONE }] });
  const one = await worldOf([typed('bob', NOW - 9_000)]);
  await eraseNow(one.world, SUBJECT, 'e1');
  await one.apply([typed('canary', NOW - 8_000)]);
  const refs = [{ app: SHOP, account: { ...account('canary'), type: PHONE } }];
  expect((await tokensOf(one.world.registry, refs, NOW))[0]?.tokens).toEqual([]);
});

test('an erase from the history keeps what the person took off a token', async () => {
  const table = await embeddedTable('history');
  try {
    const record = recording({ table, days: 90, now: () => NOW });
    const logins = [override(NOW - 9_000, ['alice']), override(NOW - 8_000, ['canary'])];
    const types = [overrideTypes(NOW - 9_000, ['alice']), overrideTypes(NOW - 8_000, ['canary'])];
    const operations = [...logins, ...types.map((one) => moved(one, 'tablet'))];
    await record([{ id: 'r', operations, outcomes: operations.map(() => ({ kind: 'applied' })) }]);
    const found = await entriesOf(table, SUBJECT);
    expect([found.length, await forgetEntries(table, found)]).toEqual([4, 4]);
    const { Items } = await table.client.call('Scan', { TableName: table.name });
    expect(JSON.stringify(Items)).not.toContain('canary');
    for (const name of ['phone', 'tablet']) {
      const entries = await historyReader(table, () => NOW).ofToken({ app: SHOP, token: token(name) });
      const ledger = { entries, signOuts: new Map(), nowMs: NOW };
      expect([entries.length, answersAt(ledger, NOW)]).toEqual([2, []]);
    }
  } finally {
    await table.stop();
  }
});

test('an erase looks again where a scan shows an older state', async () => {
  const one = await worldOf(LIFE);
  let looks = 0;
  const none = { found: { documents: [], states: [], unreadable: 0, types: new Set<number>() }, entries: [] };
  const stale: World['find'] = async () => (looks++ === 1 ? none : one.world.find());
  expect(await eraseNow({ ...one.world, find: stale }, SUBJECT, 'e1')).toMatchObject({ isClean: true });
  expect(named(one)).toBe(false);
});

const erase = (...options: string[]) => run(eraseCommand, options, { folder: '/nowhere' });

test.each([
  ['without an account', [], 'give --account'],
  ['of a name that is none', ['--account', 'x'], 'an account is 2 to 255 bytes of text'],
  ['of a type that is none', ['--account', 'canary', '--account-type', 'mail'], '--account-type'],
  ['with a receipt and no --yes', ['--account', 'canary', '--receipt', 'r.json'], '--receipt needs --yes'],
  ['that checks and erases', ['--account', 'canary', '--check', 'r.json', '--yes'], 'either --check or --yes'],
])('an erase %s is refused', async (_, options, text) => {
  expect(await erase(...options)).toMatchObject({ code: 1, out: '', err: expect.stringContaining(text) });
});
