import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { bindingsFrom } from '../../functions/core/bindings.ts';
import type { AccountRef, Place, RegistryStore } from '../../functions/core/store.ts';
import { storeAfter } from '../memory/registry-store.ts';
import { account, app, bind, moved, override, token, unbindAll, unbindEverywhere } from '../world/examples.ts';

const SHOP = app().id;
const CHAT = app('chat').id;
const of = (name: string, id = SHOP): AccountRef => ({ app: id, account: account(name) });

/** All pages of at most `most` documents: their bindings, each as `<app>/<account>/<token>`. */
async function pagesOf(store: RegistryStore, accounts: readonly AccountRef[], most: number): Promise<string[][]> {
  const pages: string[][] = [];
  for (let place: Place | undefined = { account: 0 }; place !== undefined; ) {
    const page = await bindingsFrom(store, accounts, place, { most, nowMs: 1_000 });
    pages.push(page.bindings.map((one) => `${one.app}/${one.id}/${one.token}`));
    if (pages.length > 1_000) throw new Error('the pages have no end');
    place = page.next;
  }
  return pages;
}

const phones = (count: number) => Array.from({ length: count }, (_, i) => `phone-${String(i).padStart(5, '0')}`);

test('pages of any size have all bindings of all accounts once, in the order of accounts and tokens', async () => {
  const store = await storeAfter(
    ...phones(130).map((name, i) => moved(override(i, ['alice', 'bob']), name)),
    ...phones(20).map((name, i) => moved(unbindAll(200 + i), name)),
    { ...bind(1, ['alice']), app: CHAT },
    bind(1, ['carol', 'dave']),
  );
  const accounts = [of('erin'), of('alice'), of('alice', CHAT), of('bob'), of('frank'), of('carol')];
  const own = (name: string) => phones(130).flatMap((phone, i) => (i < 20 ? [] : [`shop/${name}/${phone}`]));
  const all = [...own('alice'), 'chat/alice/phone', ...own('bob'), 'shop/carol/phone'];
  for (const most of [1, 2, 3, 7, 64, 65, 129, 130, 131, 260, 500])
    expect((await pagesOf(store, accounts, most)).flat(), `${most} documents a page`).toEqual(all);
});

test('pages of any registry are complete, whatever their size and that of the pages of pointers', async () => {
  const names = ['alice', 'bob', 'carol'];
  const operation = fc
    .tuple(
      fc.integer({ min: 0, max: 900 }),
      fc.subarray(names, { minLength: 1 }),
      fc.integer({ min: 0, max: 9 }),
      fc.nat(9),
    )
    .map(([ms, some, phone, kind]) => {
      if (kind === 0) return unbindEverywhere(ms, some[0] ?? 'alice');
      return moved(kind === 1 ? unbindAll(ms) : kind < 5 ? override(ms, some) : bind(ms, some), `phone-${phone}`);
    });
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 4 }),
      async (operations, most, pageSize) => {
        const inner = await storeAfter(...operations);
        const store: RegistryStore = {
          ...inner,
          pointers: (ref, after, asked = pageSize) => inner.pointers(ref, after, Math.min(asked, pageSize)),
        };
        const accounts = names.map((name) => of(name));
        const whole = await bindingsFrom(inner, accounts, { account: 0 }, { most: 1_000, nowMs: 1_000 });
        const pages = await pagesOf(store, accounts, most);
        expect(pages.flat()).toEqual(whole.bindings.map((one) => `shop/${one.id}/${one.token}`));
      },
    ),
    { numRuns: 200 },
  );
});

test('an account with 25,000 tokens can be read through, 500 documents at a time', async () => {
  const inner = await storeAfter();
  const reads = { pages: 0, documents: 0 };
  const all = phones(25_000).map(token);
  const bound = await storeAfter(bind(1, ['alice']));
  const [document] = await bound.documents([{ app: SHOP, token: token('phone') }]);
  const store: RegistryStore = {
    ...inner,
    pointers: async (_, after, most = 5_000) => {
      reads.pages += 1;
      const first = after === undefined ? 0 : all.indexOf(after) + 1;
      const page = all.slice(first, first + most);
      return { pointers: page.map((one) => ({ token: one, edge: '9' })), next: page.at(-1) };
    },
    documents: async (tokens) => {
      reads.documents += tokens.length;
      return tokens.map(() => document);
    },
  };
  const pages = await pagesOf(store, [of('alice')], 500);
  expect(pages.flat()).toEqual(phones(25_000).map((name) => `shop/alice/${name}`));
  expect(Math.max(...pages.map((page) => page.length))).toBe(500);
  expect(reads).toEqual({ pages: 51, documents: 25_000 });
});

test('a page reads the pointers of at most as many accounts as documents', async () => {
  const inner = await storeAfter();
  let reads = 0;
  const store: RegistryStore = {
    ...inner,
    pointers: (...parameters) => {
      reads += 1;
      return inner.pointers(...parameters);
    },
  };
  const accounts = Array.from({ length: 90 }, (_, i) => of(`user-${i}`));
  const page = await bindingsFrom(store, accounts, { account: 0 }, { most: 40, nowMs: 1_000 });
  expect([page.next, reads]).toEqual([{ account: 40 }, 40]);
});

test('the watermark of a page is read after its documents, and only of accounts that were asked for', async () => {
  const inner = await storeAfter(bind(1, ['alice', 'bob', 'carol']));
  const asked: string[] = [];
  const store: RegistryStore = {
    ...inner,
    documents: async (tokens) => {
      const documents = await inner.documents(tokens);
      await applyAll({ store: inner, now: () => 1_000, pause: async () => {} }, [unbindEverywhere(5, 'alice')]);
      return documents;
    },
    watermarks: (refs) => {
      asked.push(...refs.map((ref) => ('account' in ref ? ref.account.id : ref.digest)));
      return inner.watermarks(refs);
    },
  };
  expect(await pagesOf(store, [of('alice'), of('bob')], 9)).toEqual([['shop/bob/phone']]);
  expect(asked.sort()).toEqual(['alice', 'bob']);
});
