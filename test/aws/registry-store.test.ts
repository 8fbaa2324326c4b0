import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { Operation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { type EmbeddedTable, embeddedTable } from './table.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const app = AppId.parse('phone');
const token = (name: string) => ({ app, token: Token.parse(name) });

let table: EmbeddedTable;
let registry: RegistryPorts & { store: RegistryStore };
let names = 0;
beforeAll(async () => {
  table = await embeddedTable();
  registry = { store: dynamodbRegistryStore(table), now: () => NOW, pause: async () => {} };
});
afterAll(() => table.stop());
beforeEach(() => {
  table.calls.length = 0;
  names++;
});

const operation = (kind: Operation['kind'], ms: number, rest: object): Operation =>
  Operation.parse({ kind, app, stamp: stampOf(kind, ms, eventHash(kind, String(ms), JSON.stringify(rest))), ...rest });
const login = (name: string, id: string, ms = NOW) =>
  operation('bindOverriding', ms, { scope: 'token', token: name, accounts: [{ type: 0, id }] });

/** Units of capacity of the calls that write, and of those that read. */
const units = () => {
  const sum = (isWrite: boolean) =>
    table.calls.filter(({ name }) => /^(Put|Update)/.test(name) === isWrite).reduce((all, call) => all + call.units, 0);
  return { written: sum(true), read: sum(false) };
};

test('a login costs its pointer and its document, after one read', async () => {
  await applyAll(registry, [login(`new${names}`, 'alice')]);
  expect(units()).toEqual({ written: 2, read: 1 });
});

test('a repeated event costs half a read in the worker, a sign-out everywhere too', async () => {
  const id = `new${names}`;
  const signOut = operation('unbindAccountFromAll', NOW + 1, { account: { type: 0, id } });
  const operations = [login(id, id), login(`other${names}`, id), signOut];
  await applyAll(registry, operations);
  table.calls.length = 0;
  await applyAll({ ...registry, store: dynamodbRegistryStore(table, 'eventual') }, operations);
  expect(units()).toEqual({ written: 0, read: 3 * 0.5 });
});

test('a logout costs the document, after one read', async () => {
  await applyAll(registry, [login(`new${names}`, 'alice')]);
  table.calls.length = 0;
  await applyAll(registry, [operation('unbindTokenFromAll', NOW + 1, { token: `new${names}` })]);
  expect(units()).toEqual({ written: 1, read: 1 });
});

test('a bind costs its pointer and the document, an unbind the document only', async () => {
  const name = `new${names}`;
  await applyAll(registry, [login(name, 'alice')]);
  const accounts = [{ type: 0, id: 'bobby' }];
  table.calls.length = 0;
  await applyAll(registry, [operation('bind', NOW + 1, { token: name, accounts })]);
  expect(units()).toEqual({ written: 2, read: 1 });
  table.calls.length = 0;
  await applyAll(registry, [operation('unbind', NOW + 2, { token: name, accounts })]);
  expect(units()).toEqual({ written: 1, read: 1 });
});

test('a query of a token costs its document and the watermark of each account on it', async () => {
  const name = `new${names}`;
  const accounts = [1, 2, 3].map((type) => ({ type, id: 'alice' }));
  await applyAll(registry, [operation('bindOverriding', NOW, { scope: 'token', token: name, accounts })]);
  table.calls.length = 0;
  await accountsOf(registry.store, [token(name)]);
  // A watermark that is not there costs as much as one that is.
  expect(units()).toEqual({ written: 0, read: 1 + 3 });
});

test('a query of an account costs its pointers by size, a document for each, and the watermark', async () => {
  const id = `few${names}`;
  await applyAll(
    registry,
    Array.from({ length: 20 }, (_, i) => login(`${id}-${i}`, id)),
  );
  table.calls.length = 0;
  await tokensOf(registry.store, [{ app, account: Account.parse({ type: 0, id }) }]);
  expect(units()).toEqual({ written: 0, read: 1 + 20 + 1 });
});

test('a table that does not answer is unavailable, and the reason has no names', async () => {
  const stopped = await embeddedTable();
  await stopped.stop();
  const store = dynamodbRegistryStore(stopped);
  await expect(store.documents([token('canary')])).rejects.toThrow(Unavailable);
  await expect(store.documents([token('canary')])).rejects.toThrow(/^(?!.*canary)\w+$/);
  const [outcome] = await applyAll({ ...registry, store }, [login('canary', 'alice')]);
  expect(outcome).toMatchObject({ kind: 'unavailable' });
});
