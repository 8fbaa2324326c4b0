import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Input } from '../../functions/aws/calls.ts';
import { batchGet, clearKey, documentKey, pointerKey } from '../../functions/aws/dynamodb.ts';
import { dynamodbRegistryStore } from '../../functions/aws/registry-store.ts';
import { Account, Token } from '../../functions/core/account.ts';
import { applyAll, type RegistryPorts } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { EMPTY } from '../../functions/core/document.ts';
import { Operation } from '../../functions/core/operation.ts';
import { readable, Unavailable } from '../../functions/core/outcome.ts';
import { eventHash, removalAt, stampOf } from '../../functions/core/stamp.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { tokenTimes } from '../../functions/core/time.ts';
import { raiseRemoval, removalsOf } from '../memory/registry-store.ts';
import { type EmbeddedTable, embeddedTable, put } from './table.ts';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const app = AppId.parse('phone');
const token = (name: string) => ({ app, token: Token.parse(name) });

let table: EmbeddedTable;
let registry: RegistryPorts & { store: RegistryStore };
let names = 0;
beforeAll(async () => {
  table = leavingKeys(await embeddedTable());
  registry = { store: dynamodbRegistryStore(table), now: () => NOW, pause: async () => {} };
});
afterAll(() => table.stop());
beforeEach(() => {
  table.calls.length = 0;
  names++;
  rounds = 0;
  instead = undefined;
});

/** The answer to batches of statements, or the error; undefined lets the table answer. */
let instead: object | undefined;

/** Batches of which DynamoDB processes no key. */
let rounds = 0;
const leavingKeys = (table: EmbeddedTable): EmbeddedTable => {
  const call: EmbeddedTable['client']['call'] = async (name, input) => {
    if (name === 'BatchExecuteStatement' && instead instanceof Error) throw instead;
    if (name === 'BatchExecuteStatement' && instead !== undefined) return instead as never; // of this call
    if (name !== 'BatchGetItem' || rounds-- <= 0) return table.client.call(name, input);
    return { UnprocessedKeys: (input as Input<'dynamodb', 'BatchGetItem'>).RequestItems } as never; // of this call
  };
  return { ...table, client: { ...table.client, call } };
};

const operation = (kind: Operation['kind'], ms: number, rest: object): Operation =>
  Operation.parse({ kind, app, stamp: stampOf(kind, ms, eventHash(kind, String(ms), JSON.stringify(rest))), ...rest });
const login = (name: string, id: string, ms = NOW) =>
  operation('bindOverriding', ms, { scope: 'token', token: name, accounts: [{ type: 0, id }] });

/** Units of capacity of the calls that write, and of those that read. */
const units = () => {
  const sum = (isWrite: boolean) =>
    table.calls
      .filter(({ name }) => /^(BatchExecute|Put|Update)/.test(name) === isWrite)
      .reduce((all, call) => all + call.units, 0);
  return { written: sum(true), read: sum(false) };
};

test('a login costs its pointer and its document, after one read', async () => {
  await applyAll(registry, [login(`new${names}`, 'alice')]);
  expect(units()).toEqual({ written: 2, read: 1 });
});

test('an answer costs a read more: the watermark of the account that logs in', async () => {
  await applyAll(registry, [login(`told${names}`, 'alice')], { answers: true });
  expect(units()).toEqual({ written: 2, read: 2 });
});

test('logins of many tokens are a read and two calls that write, at the same units, and never alone', async () => {
  const logins = (ms: number) => Array.from({ length: 25 }, (_, i) => login(`batch${names}-${i}`, `user${i}`, ms));
  // Pointers that are new, pointers that rise, and with a logout between them documents without the account.
  const logout = Array.from({ length: 25 }, (_, i) =>
    operation('unbindTokenFromAll', NOW + 5, { token: `batch${names}-${i}` }),
  );
  const written = [
    [logins(NOW), 50],
    [logins(NOW + 3), 50],
    [logout, 25],
    [logins(NOW + 9), 50],
  ] as const;
  for (const [operations, units] of written) {
    table.calls.length = 0;
    await applyAll(registry, operations);
    const writes = units / 25;
    expect(table.calls).toEqual([
      { name: 'BatchGetItem', units: 25 },
      ...Array.from({ length: writes }, () => ({ name: 'BatchExecuteStatement', units: 25 })),
    ]);
  }
});

test('a batch of an older version of this code leaves what a newer one has added', async () => {
  const refs = ['a', 'b'].map((name) => token(`${name}${names}`));
  for (const ref of refs)
    await put(table, {
      ...documentKey(ref),
      version: 1,
      floor: '',
      endedFloor: 'x',
      expires: 9,
      later: { is: 'here' },
    });
  await applyAll(
    registry,
    refs.map(({ token }) => login(token, 'alice')),
  );
  const [item] = await batchGet(table, [documentKey(token(`a${names}`))], 'strong');
  expect(item).toMatchObject({ version: 2, later: { is: 'here' } });
  expect(item).not.toHaveProperty('expires');
  expect(table.calls.map(({ name }) => name)).not.toContain('UpdateItem');
});

test('an account that is new on known phones costs one call and one unit more for each, and is not written alone', async () => {
  const on = (id: string, ms: number) => ['a', 'b'].map((name) => login(`${name}${names}`, id, ms));
  await applyAll(registry, on('alice', NOW));
  table.calls.length = 0;
  await applyAll(registry, on('bobby', NOW + 1));
  expect(table.calls.slice(1)).toEqual([1, 2, 3].map(() => ({ name: 'BatchExecuteStatement', units: 2 })));
});

test.each<[string, object]>([
  ['a shape that is not understood', { Responses: [{}] }],
  ['no responses', {}],
  ['a throttle for each statement', { Responses: [0, 1].map(() => ({ Error: { Code: 'ThrottlingError' } })) }],
  ['an error without a code', { Responses: [0, 1].map(() => ({ Error: {} })) }],
  ['a refusal of the whole call', new Unavailable('AccessDeniedException')],
])('a batch that is answered with %s is written alone', async (_, answer) => {
  instead = answer;
  const logins = ['a', 'b'].map((name) => login(`${name}${names}`, 'alice'));
  expect(await applyAll(registry, logins)).toEqual([{ kind: 'applied' }, { kind: 'applied' }]);
  const alone = table.calls.filter(({ name }) => name === 'UpdateItem');
  expect(alone).toHaveLength(4);
});

test('a lost race costs no read: DynamoDB returns the document that won', async () => {
  const ref = token(`raced${names}`);
  await applyAll(registry, [login(ref.token, 'alice')]);
  const [stored] = await registry.store.documents([ref]);
  table.calls.length = 0;
  const { document } = readable(stored) ?? { document: EMPTY };
  expect(await registry.store.write(ref, document, 7)).toEqual({ winner: stored });
  expect(table.calls).toEqual([]);
});

test('a repeated event costs half a read in the worker, a sign-out everywhere one', async () => {
  const id = `new${names}`;
  const signOut = operation('unbindAccountFromAll', NOW + 1, { account: { type: 0, id } });
  const operations = [login(id, id), login(`other${names}`, id), signOut];
  await applyAll(registry, operations);
  table.calls.length = 0;
  await applyAll({ ...registry, store: dynamodbRegistryStore(table, 'eventual') }, operations);
  expect(units()).toEqual({ written: 0, read: 2 * 0.5 + 1 });
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
  await accountsOf(registry.store, [token(name)], NOW);
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
  await tokensOf(registry.store, [{ app, account: Account.parse({ type: 0, id }) }], NOW);
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

test.each([
  ['a register that is a number', { edges: { '0#alice': 1 } }],
  ['an account that is none', { edges: { alice: 'x' } }],
  ['no version', { version: 'two' }],
])('a document with %s is unavailable, and its neighbour is read', async (_, rest) => {
  await put(table, { ...documentKey(token(`bad${names}`)), version: 1, ...rest });
  await applyAll(registry, [login(`good${names}`, 'alice')]);
  const documents = await registry.store.documents([token(`bad${names}`), token(`good${names}`)]);
  expect(documents).toEqual([expect.any(Unavailable), { version: NOW, document: expect.any(Object) }]);
});

test('a number with more digits than JavaScript has stops no other item', async () => {
  await applyAll(registry, [login(`good${names}`, 'alice')]);
  const later = { N: '0.12345678901234567890123456789' };
  const key = marshall(documentKey(token(`good${names}`)));
  await table.client.call('PutItem', { TableName: table.name, Item: { ...key, version: { N: '1' }, later } });
  expect(await accountsOf(registry.store, [token(`good${names}`), token(`other${names}`)], NOW)).toEqual([[], []]);
});

test('a pointer or a watermark that cannot be read is unavailable, and other accounts are answered', async () => {
  const of = (id: string) => ({ app, account: Account.parse({ type: 0, id: `${id}${names}` }) });
  await applyAll(registry, [login(`phone${names}`, `good${names}`)]);
  await put(table, { ...pointerKey(of('pointer'), Token.parse('phone')), edge: 1 });
  await put(table, { ...clearKey(of('clear')), removal: 1 });
  for (const id of ['pointer', 'clear'])
    await expect(tokensOf(registry.store, [of('good'), of(id)], NOW)).rejects.toThrow(
      new Unavailable('unreadable item'),
    );
  expect(await tokensOf(registry.store, [of('good')], NOW)).toMatchObject([{ tokens: [`phone${names}`] }]);
  const signOut = (id: string) => operation('unbindAccountFromAll', NOW + 1, { account: of(id).account });
  expect(await applyAll(registry, [signOut('good'), signOut('clear')])).toMatchObject([
    { kind: 'applied' },
    { kind: 'unavailable', reason: 'unreadable item' },
  ]);
  // At a door a login reads the watermarks of its accounts too, all in one call.
  const logins = ['late', 'clear'].map((id) => login(`of-${id}${names}`, `${id}${names}`));
  expect(await applyAll(registry, logins, { answers: true })).toMatchObject([
    { kind: 'applied' },
    { kind: 'unavailable', reason: 'unreadable item' },
  ]);
  const uses = ['late', 'clear'].map((id) => ({ ref: token(`of-${id}${names}`), accounts: [of(id).account] }));
  expect(await tokenTimes(registry.store, NOW, uses)).toMatchObject([{ ms: NOW + 1 }, { ms: NOW + 1 }]);
});

test('a watermark always has a removal, without which the version before cannot read it', async () => {
  const account = Account.parse({ type: 0, id: `ended${names}` });
  await applyAll(registry, [operation('endAccountSession', NOW, { account, session: '0123456789abcdef' })]);
  const [item] = await batchGet(table, [clearKey({ app, account })], 'strong');
  expect(item).toMatchObject({ removal: '', ended: { '0123456789abcdef': expect.any(String) } });
  await applyAll(registry, [operation('unbindAccountFromAll', NOW + 1, { account })]);
  expect(await removalsOf(registry.store, [{ app, account }])).toEqual([expect.stringMatching(/^\d{13}/)]);
});

describe('unprocessed keys', () => {
  beforeEach(() => vi.spyOn(Math, 'random').mockReturnValue(0));
  afterEach(() => vi.restoreAllMocks());
  const of = (id: string) => ({ app, account: Account.parse({ type: 0, id: `${id}${names}` }) });
  const signOut = operation('unbindAccountFromAll', NOW, { account: { type: 0, id: 'x1' } });
  const reads = [
    ['documents', () => registry.store.documents(['a', 'b', 'c'].map((name) => token(`${name}${names}`)))],
    ['watermarks', () => removalsOf(registry.store, ['aa', 'bb', 'cc'].map(of))],
  ] as const;

  test.each(reads)('unprocessed keys are read again: %s', async (_, read) => {
    await applyAll(registry, [login(`a${names}`, 'alice'), login(`b${names}`, 'alice')]);
    for (const id of ['aa', 'bb']) await raiseRemoval(registry.store, of(id), removalAt(signOut.stamp));
    const found = await read();
    expect(found.filter(Boolean)).toHaveLength(2);
    rounds = 7;
    expect(await read()).toEqual(found);
  });

  test.each(reads)('keys that stay unprocessed make the read unavailable: %s', async (_, read) => {
    rounds = Number.POSITIVE_INFINITY;
    await expect(read()).rejects.toThrow(new Unavailable('UnprocessedKeys'));
  });
});
