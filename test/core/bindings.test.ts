import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf as accountsAt, SHOWN_TOKENS, tokensOf as shownTokens } from '../../functions/core/bindings.ts';
import type { AccountRef, RegistryStore, TokenRef } from '../../functions/core/store.ts';
import { storeAfter } from '../memory/registry-store.ts';
import { account, app, bind, moved, override, session, token, unbindAll, unbindEverywhere } from '../world/examples.ts';

const accountsOf = (store: RegistryStore, tokens: readonly TokenRef[]) => accountsAt(store, tokens, 1_000);
const tokensAt = async (store: RegistryStore, accounts: readonly AccountRef[], nowMs: number) =>
  (await shownTokens(store, accounts, nowMs)).map(({ tokens }) => tokens);
const tokensOf = (store: RegistryStore, accounts: readonly AccountRef[]) => tokensAt(store, accounts, 1_000);
const hasMore = async (store: RegistryStore) => (await shownTokens(store, [of('alice')], 1_000))[0]?.hasMore;
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

test('the two directions agree: a token shows every account that shows the token', async () => {
  const names = Array.from({ length: 120 }, (_, i) => `user-${i}`);
  const store = await storeAfter(...names.map((name, i) => bind(i, [name])));
  expect(await accountsOf(store, [on('phone')])).toEqual([names.toReversed().map(account)]);
  expect(
    await tokensOf(
      store,
      names.map((name) => of(name)),
    ),
  ).toEqual(names.map(() => ['phone']));
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
  expect(SHOWN_TOKENS).toBe(100);
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
  expect((await tokensOf(store, [of('alice')]))[0]).toHaveLength(SHOWN_TOKENS);
  expect(asked).toEqual([SHOWN_TOKENS]);
});

test('the tokens of an account include those of the same event that stand on the next page of pointers', async () => {
  const names = Array.from({ length: 120 }, (_, i) => `phone-${String(i).padStart(3, '0')}`);
  const store = await storeAfter(...names.map((name, i) => moved(bind(1, ['alice'], { element: i }), name)));
  expect(await tokensOf(store, [of('alice')])).toEqual([names.slice(0, SHOWN_TOKENS)]);
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

test('a sign-out that comes late hides what a bearer from before has bound, in both directions', async () => {
  const store = await storeAfter({ ...bind(9, ['alice']), issuedMs: 3 }, unbindEverywhere(5, 'alice'));
  expect([await accountsOf(store, [on('phone')]), await tokensOf(store, [of('alice')])]).toEqual([[[]], [[]]]);
});

test('a query that names an account a hundred times reads it once', async () => {
  const inner = await storeAfter(bind(1, ['alice']));
  let reads = 0;
  const store: RegistryStore = {
    ...inner,
    pointers: (ref, after) => {
      reads++;
      return inner.pointers(ref, after);
    },
  };
  const asked = Array.from({ length: 100 }, () => of('alice'));
  expect(await tokensOf(store, asked)).toEqual(asked.map(() => ['phone']));
  expect(reads).toBe(1);
});

test('an account says that it has more tokens than are shown, and one with a hundred does not', async () => {
  const names = Array.from({ length: SHOWN_TOKENS + 1 }, (_, i) => `phone-${i}`);
  const store = await storeAfter(...names.slice(1).map((name, i) => moved(bind(i, ['alice']), name)));
  expect(await hasMore(store)).toBe(false);
  await applyAll({ store, now: () => 1_000, pause: async () => {} }, [moved(bind(900, ['alice']), 'phone-0')]);
  expect(await hasMore(store)).toBe(true);
});

/** An account with a million pointers, in pages of 5,000. Notes how many pages and documents are read. */
function crowded(inner: RegistryStore, edge = '9') {
  const reads = { pages: 0, documents: 0 };
  const at = (n: number) => token(`t${String(n).padStart(7, '0')}`);
  const store: RegistryStore = {
    ...inner,
    pointers: async (_, after) => {
      reads.pages++;
      const from = after === undefined ? 0 : Number(after.slice(1)) + 1;
      const pointers = Array.from({ length: 5_000 }, (_, i) => ({ token: at(from + i), edge }));
      return { pointers, next: from + 5_000 < 1_000_000 ? at(from + 4_999) : undefined };
    },
    documents: (tokens) => {
      reads.documents += tokens.length;
      return inner.documents(tokens);
    },
  };
  return { store, reads };
}

test('a query for an account of a million tokens reads ten thousand pointers and says that there are more', async () => {
  const { store, reads } = crowded(await storeAfter(moved(bind(1, ['alice']), 't0000007')));
  expect(await shownTokens(store, [of('alice')], 1_000)).toEqual([{ tokens: ['t0000007'], hasMore: true }]);
  expect(reads).toEqual({ pages: 2, documents: 10_000 });
});

test('a query for an account of a million signed-out tokens reads none of their documents', async () => {
  const { store, reads } = crowded(await storeAfter(unbindEverywhere(900, 'alice')), '0');
  expect(await shownTokens(store, [of('alice')], 1_000)).toEqual([{ tokens: [], hasMore: true }]);
  expect(reads).toEqual({ pages: 2, documents: 0 });
});

test('a query behind too many pointers of several accounts is unavailable', async () => {
  const { store } = crowded(await storeAfter());
  await expect(tokensOf(store, [of('alice'), of('bob')])).rejects.toThrow('too many documents for one query');
});

test('tokens behind a full page of ended sessions are shown', async () => {
  const names = Array.from({ length: SHOWN_TOKENS + 5 }, (_, i) => `phone-${i}`);
  const logins = names.map((name, i) => moved(bind(i + 1, ['alice'], { session: i < 5 ? 'kept' : 'ended' }), name));
  const end = { ...unbindEverywhere(900, 'alice'), kind: 'endAccountSession', session: session('ended') } as const;
  const store = await storeAfter(...logins, end);
  expect(await tokensOf(store, [of('alice')])).toEqual([names.slice(0, 5).toReversed()]);
});
