import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AwsClient } from '../../functions/aws/calls.ts';
import { itemOf } from '../../functions/aws/dynamodb.ts';
import { historyReader, historyRenewal } from '../../functions/aws/history-reader.ts';
import { recording } from '../../functions/aws/history-store.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { keptName, MARGIN_MS, type RecordedMessage } from '../../functions/history/entry.ts';
import { answersAt } from '../../functions/history/replay.ts';
import { account, override, session, token, unbind, unbindEverywhere } from '../world/examples.ts';
import { type EmbeddedTable, embeddedTable } from './table.ts';

let table: EmbeddedTable;
beforeAll(async () => {
  table = await embeddedTable();
});
afterAll(() => table.stop());

const DAYS = 90;
let place = 0;
/** An event on a token of its own, so that no test sees the entries of another. */
const event = (names: readonly string[] = ['alice']) => ({ ...override(5, names), token: token(`phone ${place++}`) });

const recordAt = (nowMs: number, ...messages: RecordedMessage[]) =>
  recording({ table, days: DAYS, now: () => nowMs })(messages);
const readerAt = (nowMs = 100) => historyReader(table, () => nowMs);

const APPLIED = { kind: 'applied' } as const;
const OPEN = { kind: 'unavailable', reason: 'Down' } as const;

test('a message is recorded in the histories of its token and its accounts, and under its request without a name', async () => {
  const login = event(['alice canary', 'bob canary']);
  const from = 'events/app';
  expect(await recordAt(20, { id: 'r1', from, acceptedMs: 10, operations: [login], outcomes: [APPLIED] })).toEqual([
    undefined,
  ]);
  const entry = {
    id: 'r1',
    from,
    acceptedMs: 10,
    appliedMs: 20,
    outcome: 'applied',
    expiresMs: (DAYS * 86_400 + MARGIN_MS / 1000 + 1) * 1000,
  };
  expect(await readerAt().ofToken(login)).toEqual([{ ...entry, operation: login }]);
  for (const one of login.accounts)
    expect(await readerAt().ofAccount({ app: login.app, account: one })).toEqual([
      { ...entry, operation: { ...login, accounts: [one] } },
    ]);
  const { kind, app, stamp } = login;
  expect(await readerAt().ofRequest('r1')).toMatchObject([
    { from, acceptedMs: 10, appliedMs: 20, elements: [{ kind, app, stamp, outcome: 'applied' }] },
  ]);
  const { Items = [] } = await table.client.call('Scan', { TableName: table.name });
  const items = Items.map(itemOf);
  const keys = items.map(({ pk, sk }) => `${pk} ${sk}`).join();
  expect(keys).not.toContain('canary');
  expect(JSON.stringify(items.filter(({ pk }) => `${pk}`.startsWith('R#')))).not.toContain('canary');
});

test('sign-outs of an account can be read without its binds', async () => {
  const everywhere = unbindEverywhere(7, 'signed out');
  const login = event(['signed out']);
  await recordAt(20, { id: 'r', operations: [login, everywhere], outcomes: [APPLIED, APPLIED] });
  const ref = { app: login.app, account: account('signed out') };
  expect((await readerAt().ofAccount(ref)).map(({ operation }) => operation.kind)).toEqual([
    everywhere.kind,
    login.kind,
  ]);
  expect((await readerAt().ofAccount(ref, 'signOuts')).map(({ operation }) => operation)).toEqual([everywhere]);
});

test('an entry has the first acceptance and the first final outcome, whatever the order and the copies', async () => {
  const copies = fc.array(fc.record({ acceptedMs: fc.integer({ min: 1, max: 9 }), isOpen: fc.boolean() }), {
    minLength: 1,
    maxLength: 5,
  });
  const property = fc.asyncProperty(copies, fc.boolean(), async (all, isTogether) => {
    const login = event();
    const messages = all.map(({ acceptedMs, isOpen }, i) => ({
      id: `r${place} ${i}`,
      acceptedMs,
      operations: [login],
      outcomes: [isOpen ? OPEN : APPLIED],
    }));
    if (isTogether) await recordAt(20, ...messages);
    else for (const [i, message] of messages.entries()) await recordAt(20 + i, message);
    const [{ outcome, acceptedMs, appliedMs } = {}, ...more] = await readerAt().ofToken(login);
    expect(more).toEqual([]);
    const first = all.findIndex(({ isOpen }) => !isOpen);
    expect(outcome).toBe(first < 0 ? 'unavailable' : 'applied');
    if (!isTogether && first >= 0) expect(appliedMs).toBe(20 + first);
    // Each message that was not yet applied is recorded again before it leaves the queue.
    await recordAt(90, ...messages.map((message) => ({ ...message, outcomes: [APPLIED] })));
    const [again] = await readerAt().ofToken(login);
    expect(again).toMatchObject({ outcome: 'applied', acceptedMs: Math.min(...all.map((one) => one.acceptedMs)) });
    if (first >= 0) expect(again?.appliedMs).toBe(appliedMs);
    expect(acceptedMs).toBeGreaterThanOrEqual(Math.min(...all.map((one) => one.acceptedMs)));
  });
  await fc.assert(property, { numRuns: 40 });
});

test('a table that takes nothing keeps each of its messages, with the reason', async () => {
  const down = async () => {
    throw new Unavailable('ThrottlingException');
  };
  const client: AwsClient<'dynamodb'> = { call: down, attempt: down };
  const record = recording({ table: { client, name: 'down' }, days: DAYS, now: () => 20 });
  const message = { id: 'r', operations: [event()], outcomes: [APPLIED] };
  expect(await record([message, { ...message, id: 'r2' }])).toEqual(['ThrottlingException', 'ThrottlingException']);
});

test('an entry that has expired is not read, although DynamoDB has not deleted it yet', async () => {
  const login = event();
  await recordAt(20, { id: 'expired', operations: [login], outcomes: [APPLIED] });
  const [entry] = await readerAt().ofToken(login);
  expect(await readerAt(entry?.expiresMs).ofToken(login)).toEqual([]);
  expect(await readerAt(entry?.expiresMs).ofRequest('expired')).toEqual([]);
});

test('a renewal keeps an entry as it was recorded and longer, and adds one that is not there', async () => {
  const login = event();
  const { app, stamp } = login;
  await recordAt(20, { id: 'r', from: 'events/app', operations: [login], outcomes: [APPLIED] });
  const known = await readerAt().ofToken(login);
  const later = historyRenewal({ table, days: DAYS, now: () => 1_000_000 });
  await later.renew({ app, token: login.token, stamp, accounts: login.accounts, writtenMs: 15 });
  const [renewed] = await readerAt().ofToken(login);
  const ownMs = known[0]?.expiresMs ?? 0;
  const accounts = { [keptName(login, account('alice'))]: ownMs + 999_000 };
  expect(renewed).toEqual({ ...known[0], expiresMs: ownMs + 999_000, renewed: { ownMs, accounts } });
  const bound = [{ ...account('alice'), session: session('s1'), untilMs: 5_000 }];
  const other = token('phone of before the ledger');
  await later.renew({ app, token: other, stamp, accounts: bound, writtenMs: 15 });
  const added = {
    id: '',
    appliedMs: 15,
    outcome: 'applied',
    operation: { kind: 'bind', app, token: other, stamp, accounts: bound },
  };
  expect(await readerAt().ofToken({ app, token: other })).toMatchObject([added]);
  expect(
    (await readerAt().ofAccount({ app, account: account('alice') })).map(({ operation }) => operation),
  ).toContainEqual(added.operation);
});

test('an account that left a bind of several is not kept by the renewals of the others', async () => {
  const login = event(['alice', 'bob']);
  const { app, stamp } = login;
  const DAY_MS = 86_400_000;
  await recordAt(20, {
    id: 'r',
    operations: [login, { ...unbind(30, ['bob']), token: login.token }],
    outcomes: [APPLIED, APPLIED],
  });
  const shownAt = async (days: number) => {
    const entries = await readerAt(days * DAY_MS).ofToken(login);
    const signOuts = new Map();
    const answers = answersAt({ entries, signOuts, nowMs: days * DAY_MS }, (days - 1) * DAY_MS);
    return answers.map(({ account, standing }) => `${account} ${standing}`);
  };
  for (const days of [100, 200]) {
    const accounts = [account('alice')];
    await historyRenewal({ table, days: DAYS, now: () => days * DAY_MS }).renew({
      app,
      token: login.token,
      stamp,
      accounts,
      writtenMs: 30,
    });
    expect([await shownAt(days + 1), await shownAt(days + 60)]).toEqual([['0#alice yes'], ['0#alice yes']]);
  }
});

test('an outcome that takes the place of none keeps the first acceptance', async () => {
  const login = event();
  await recordAt(20, { id: 'r1', acceptedMs: 3, operations: [login], outcomes: [OPEN] });
  await recordAt(21, { id: 'r2', acceptedMs: 9, operations: [login], outcomes: [APPLIED] });
  expect(await readerAt().ofToken(login)).toMatchObject([
    { id: 'r2', outcome: 'applied', acceptedMs: 3, appliedMs: 21 },
  ]);
});

test('the ledger begins once, and again with more days', async () => {
  expect(await readerAt().begunMs()).toBeUndefined();
  expect(await historyRenewal({ table, days: DAYS, now: () => 30 }).begin()).toBe(30);
  expect(await historyRenewal({ table, days: DAYS, now: () => 40 }).begin()).toBe(30);
  expect(await readerAt().begunMs()).toBe(30);
  const beginAt = (nowMs: number, days: number) => historyRenewal({ table, days, now: () => nowMs }).begin();
  expect([await beginAt(50, 30), await beginAt(60, DAYS), await beginAt(70, DAYS)]).toEqual([30, 60, 60]);
  expect(await readerAt().begunMs()).toBe(60);
});
