import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf as accountsAt, SHOWN, tokensOf as tokensAt } from '../../functions/core/bindings.ts';
import type { AccountRef, RegistryStore, TokenRef } from '../../functions/core/store.ts';
import { storeAfter } from '../memory/registry-store.ts';
import {
  account,
  app,
  bind,
  moved,
  override,
  session,
  token,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../world/examples.ts';

const accountsOf = (store: RegistryStore, tokens: readonly TokenRef[]) => accountsAt(store, tokens, 1_000);
const tokensOf = (store: RegistryStore, accounts: readonly AccountRef[]) => tokensAt(store, accounts, 1_000);
const SHOP = app().id;
const CHAT = app('chat').id;
const on = (name: string, id = SHOP) => ({ app: id, token: token(name) });
const of = (name: string, id = SHOP) => ({ app: id, account: account(name) });

test('the accounts of a token are those bound now, the most recently bound first, for each token in the order asked', async () => {
  const store = await storeAfter(
    bind(1, ['alice']),
    bind(3, ['bob']),
    bind(2, ['carol:1']),
    moved(bind(1, ['dave']), 'tablet'),
  );
  expect(await accountsOf(store, [on('tablet'), on('watch'), on('phone')])).toEqual([
    [account('dave')],
    [],
    [account('bob'), account('carol:1'), account('alice')],
  ]);
});

test('the accounts of one login keep the order of its list', async () => {
  const store = await storeAfter(override(1, ['bob', 'alice', 'dave']));
  expect(await accountsOf(store, [on('phone')])).toEqual([[account('bob'), account('alice'), account('dave')]]);
});

test('a reply has the newest ten accounts of a token, and the store keeps the others', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `user-${i}`);
  const store = await storeAfter(...names.map((name, i) => bind(i, [name])));
  expect(await accountsOf(store, [on('phone')])).toEqual([names.toReversed().slice(0, SHOWN.accounts).map(account)]);
  expect(await tokensOf(store, [of('user-0')])).toEqual([['phone']]);
  await applyAll(
    { store, now: () => 1_000, pause: async () => {} },
    names.slice(2).map((name, i) => unbind(100 + i, [name])),
  );
  expect(await accountsOf(store, [on('phone')])).toEqual([[account('user-1'), account('user-0')]]);
});

test('the accounts of a token are without those that have lost all their tokens since', async () => {
  const store = await storeAfter(bind(1, ['alice', 'bob']), unbindEverywhere(2, 'alice'));
  expect(await accountsOf(store, [on('phone')])).toEqual([[account('bob')]]);
});

test('the accounts of a token are those of the app that asks, even where tokens and accounts are named alike', async () => {
  const store = await storeAfter(
    bind(1, ['alice']),
    { ...bind(1, ['bob']), app: CHAT },
    { ...unbindEverywhere(2, 'alice'), app: CHAT },
  );
  expect(await accountsOf(store, [on('phone'), on('phone', CHAT)])).toEqual([[account('alice')], [account('bob')]]);
});

test('the tokens of an account are those bound now, the most recently bound first, for each account in the order asked', async () => {
  const store = await storeAfter(
    bind(1, ['alice', 'bob']),
    moved(bind(2, ['alice']), 'tablet'),
    moved(bind(3, ['alice']), 'watch'),
    moved(unbindAll(4), 'watch'),
  );
  expect(await tokensOf(store, [of('bob'), of('carol'), of('alice')])).toEqual([['phone'], [], ['tablet', 'phone']]);
});

test('the tokens of an account are the newest hundred, even if the newest pointers lead to tokens it has left', async () => {
  const names = Array.from({ length: 250 }, (_, i) => `phone-${String(i).padStart(3, '0')}`);
  const store = await storeAfter(
    ...names.map((name, i) => moved(bind(i, ['alice']), name)),
    ...names.slice(100).map((name, i) => moved(unbindAll(500 + i), name)),
    moved(bind(900, ['alice']), 'phone-249'),
  );
  expect(await tokensOf(store, [of('alice')])).toEqual([['phone-249', ...names.slice(1, 100).toReversed()]]);
  expect(SHOWN.tokens).toBe(100);
});

test('a query for the tokens of an account reads no more documents than the reply needs', async () => {
  const names = Array.from({ length: 350 }, (_, i) => `phone-${i}`);
  const inner = await storeAfter(...names.map((name, i) => moved(bind(i, ['alice']), name)));
  const asked: number[] = [];
  const store: RegistryStore = {
    ...inner,
    documents: (tokens) => {
      asked.push(tokens.length);
      return inner.documents(tokens);
    },
  };
  expect((await tokensOf(store, [of('alice')]))[0]).toHaveLength(SHOWN.tokens);
  expect(asked).toEqual([SHOWN.tokens]);
});

test('the tokens of an account include those of the same event that stand on the next page of pointers', async () => {
  const names = Array.from({ length: 120 }, (_, i) => `phone-${String(i).padStart(3, '0')}`);
  const store = await storeAfter(...names.map((name, i) => moved(bind(1, ['alice'], { element: i }), name)));
  expect(await tokensOf(store, [of('alice')])).toEqual([names.slice(0, SHOWN.tokens)]);
});

/** A store in which the account loses all its tokens right after the documents were read. */
const interrupted = async (inner: RegistryStore): Promise<RegistryStore> => ({
  ...inner,
  documents: async (tokens) => {
    const documents = await inner.documents(tokens);
    await applyAll({ store: inner, now: () => 1_000, pause: async () => {} }, [unbindEverywhere(5, 'alice')]);
    return documents;
  },
});

test('the watermark is read after the documents, so each account returned was bound when its document was read', async () => {
  const store = await storeAfter(bind(1, ['alice', 'bob']));
  expect(await accountsOf(await interrupted(store), [on('phone')])).toEqual([[account('bob')]]);
});

test('the watermark is read after the documents for the tokens of an account too', async () => {
  const store = await storeAfter(bind(1, ['alice']));
  expect(await tokensOf(await interrupted(store), [of('alice')])).toEqual([[]]);
});

test('a binding is shown until its lease ends, in both directions', async () => {
  const store = await storeAfter({ ...bind(1, ['alice']), untilMs: 500 }, bind(2, ['bob']));
  const shownAt = async (ms: number) => [
    ...(await accountsAt(store, [on('phone')], ms)),
    ...(await tokensAt(store, [of('alice')], ms)),
  ];
  expect(await shownAt(499)).toEqual([[account('bob'), account('alice')], ['phone']]);
  expect(await shownAt(500)).toEqual([[account('bob')], []]);
});

test('a query that names an account a hundred times reads it once', async () => {
  const inner = await storeAfter(bind(1, ['alice']));
  let reads = 0;
  const store: RegistryStore = {
    ...inner,
    pointers: (ref) => {
      reads++;
      return inner.pointers(ref);
    },
  };
  const asked = Array.from({ length: 100 }, () => of('alice'));
  expect(await tokensOf(store, asked)).toEqual(asked.map(() => ['phone']));
  expect(reads).toBe(1);
});

test('a query behind too many pointers is unavailable', async () => {
  const inner = await storeAfter();
  const pointers = Array.from({ length: 10_001 }, (_, i) => ({ token: token(`t${i}`), edge: '9' }));
  const store: RegistryStore = { ...inner, pointers: async () => pointers };
  await expect(tokensOf(store, [of('alice')])).rejects.toThrow('too many documents for one query');
});

test('tokens behind a full page of ended sessions are shown', async () => {
  const names = Array.from({ length: SHOWN.tokens + 5 }, (_, i) => `phone-${i}`);
  const logins = names.map((name, i) => moved(bind(i + 1, ['alice'], { session: i < 5 ? 'kept' : 'ended' }), name));
  const end = { ...unbindEverywhere(900, 'alice'), kind: 'endAccountSession', session: session('ended') } as const;
  const store = await storeAfter(...logins, end);
  expect(await tokensOf(store, [of('alice')])).toEqual([names.slice(0, 5).toReversed()]);
});
