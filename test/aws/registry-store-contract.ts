import { beforeEach, describe, expect, test } from 'vitest';
import { Account, type Token } from '../../functions/core/account.ts';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf, tokensOf } from '../../functions/core/bindings.ts';
import { EMPTY, type TokenDocument, UNMARKED } from '../../functions/core/document.ts';
import { merge } from '../../functions/core/merge.ts';
import { readable, Unavailable } from '../../functions/core/outcome.ts';
import { inParallel } from '../../functions/core/parallel.ts';
import { bindAt, eventHash, removalAt, stampOf } from '../../functions/core/stamp.ts';
import { type AccountRef, pointersOf, type RegistryStore, type TokenRef } from '../../functions/core/store.ts';
import { tokenTimes } from '../../functions/core/time.ts';
import { raiseRemoval, removalsOf, watermarkOf } from '../memory/registry-store.ts';
import {
  account,
  app,
  bind,
  installation,
  moved,
  override,
  overrideTypes,
  token,
  unbind,
  unbindAll,
} from '../world/examples.ts';

export const SHOP = app().id;
export const CHAT = app('chat').id;
export const on = (name: string, id = SHOP): TokenRef => ({ app: id, token: token(name) });
export const of = (name: string, id = SHOP): AccountRef => ({ app: id, account: account(name) });

export const removal = (ms: number) => removalAt(stampOf('unbind', ms, eventHash('removal')));
export const edge = (ms: number) => bindAt(stampOf('bind', ms, eventHash('edge')), 0);
export const document = (ms: number): TokenDocument => merge(EMPTY, [bind(ms, ['alice'])]);

/** Names that a key, a path or an object of JavaScript could take for something else. */
const NAMES = [
  'a#b',
  '#CLEAR',
  'T#phone',
  '##',
  '__proto__',
  'constructor',
  '\u30a2\u30ab',
  '\u{1f511}\u{1f511}',
  ' x ',
  '%2e',
  'a\u0000b',
  'D',
  't\u00f6k\u00e9n',
];
const LONGEST = { token: 'x'.repeat(1_000), account: 'y'.repeat(255) };
const TOKENS = [...NAMES, LONGEST.token];
/** A name of one character is doubled: an account has two. */
const ACCOUNTS: AccountRef[] = [...NAMES.map((id) => `${id}${id}`), LONGEST.account].map((id) => ({
  app: SHOP,
  account: Account.parse({ type: 0, id }),
}));

/** `spoil` makes the token's document one that this version cannot read. */
type Made = { readonly store: RegistryStore; readonly spoil: (token: TokenRef) => Promise<void> };

/** Rules for every registry store. `make` returns an empty one. */
export function registryStoreContract(make: () => Promise<Made>): void {
  let store: RegistryStore;
  let spoil: Made['spoil'];
  beforeEach(async () => {
    ({ store, spoil } = await make());
  });

  describe('documents', () => documentRules(() => store));
  describe('an unreadable document', () => unreadableRules(() => ({ store, spoil })));
  describe('a write', () => writeRules(() => store));
  describe('a batch', () => batchRules(() => store));
  describe('pointers', () => pointerRules(() => store));
  describe('watermarks', () => watermarkRules(() => store));
  describe('newest logins', () => loginRules(() => store));

  test('documents, pointers and watermarks of one name are three things', async () => {
    const name = on('alice');
    await store.raisePointer(of('alice'), name.token, edge(1));
    await raiseRemoval(store, of('alice'), removal(2));
    expect(await store.documents([name])).toEqual([undefined]);
    await store.write(name, document(3), 0);
    expect((await store.pointers(of('alice'))).pointers).toEqual([{ token: 'alice', edge: edge(1) }]);
    expect(await removalsOf(store, [of('alice')])).toEqual([removal(2)]);
  });
}

function unreadableRules(made: () => Made): void {
  const operationsOn = (...names: string[]) => names.map((name) => moved(override(9, ['alice']), name));
  const apply = (...names: string[]) =>
    applyAll({ store: made().store, now: () => 1_000, pause: async () => {} }, operationsOn(...names));
  beforeEach(() => made().spoil(on('bad')));

  test('a document that cannot be read leaves its neighbours readable and writable', async () => {
    const outcomes = (await apply('phone', 'bad', 'tablet')).map(({ kind }) => kind);
    expect(outcomes).toEqual(['applied', 'unavailable', 'applied']);
    const [phone, bad] = await made().store.documents([on('phone'), on('bad')]);
    expect(readable(phone)?.version).toBe(9);
    expect(bad).toBeInstanceOf(Unavailable);
  });

  test('a document that cannot be read is never written over', async () => {
    await expect(made().store.write(on('bad'), document(1), 0)).rejects.toThrow(Unavailable);
    expect((await made().store.documents([on('bad')]))[0]).toBeInstanceOf(Unavailable);
  });

  test('a query with a token or an account whose document cannot be read is unavailable, every other is answered', async () => {
    const { store } = made();
    await apply('phone');
    await store.raisePointer(of('carol'), on('bad').token, edge(1));
    expect(await accountsOf(store, [on('phone')], 1_000)).toEqual([[account('alice')]]);
    await expect(accountsOf(store, [on('phone'), on('bad')], 1_000)).rejects.toThrow(Unavailable);
    expect(await tokensOf(store, [of('alice')], 1_000)).toEqual([{ tokens: ['phone'], hasMore: false }]);
    await expect(tokensOf(store, [of('alice'), of('carol')], 1_000)).rejects.toThrow(Unavailable);
  });

  test('a document that cannot be read tells no time, and its neighbours tell theirs', async () => {
    const { store } = made();
    await apply('phone');
    const uses = ['bad', 'phone', 'new'].map((name) => ({ ref: on(name), accounts: [] }));
    const times = await tokenTimes(store, 5, uses);
    expect(times).toEqual([
      { isKnown: true, ms: 5 },
      { isKnown: true, ms: 10 },
      { isKnown: false, ms: 5 },
    ]);
  });
}

function documentRules(store: () => RegistryStore): void {
  test('documents that were never written are undefined', async () => {
    expect(await store().documents([on('phone'), on('tablet')])).toEqual([undefined, undefined]);
    expect(await store().documents([])).toEqual([]);
  });

  test('documents come in the order of the tokens, also repeated', async () => {
    await store().write(on('phone'), document(1), 0);
    await store().write(on('tablet'), document(2), 0);
    const read = await store().documents([on('tablet'), on('watch'), on('phone'), on('tablet')]);
    expect(read.map((stored) => readable(stored)?.version)).toEqual([2, undefined, 1, 2]);
  });

  test('documents are read as they were last written', async () => {
    await store().write(on('phone'), document(1), 0);
    for (let version = 1; version < 20; version++) {
      await store().write(on('phone'), document(version), version);
      expect(await store().documents([on('phone')])).toEqual([{ document: document(version), version: version + 1 }]);
    }
  });

  test('documents come back with every register, and the absence of each', async () => {
    const limits = { edges: 2, clears: 1, sessions: 1, skewMs: 1 };
    const full = merge(
      EMPTY,
      [
        unbindAll(1, { session: 's1' }),
        bind(2, ['alice', 'bob', '__proto__', 'constructor:1'], { session: 's2' }),
        overrideTypes(3, ['carol:1']),
        overrideTypes(4, ['dave:2']),
        unbind(5, ['\u30a2\u30ab', 'a#b'], { session: 's3' }),
      ],
      '',
      limits,
    );
    expect(Object.values(full).filter((part) => part === '' || Object.keys(part).length === 0)).toEqual([]);
    const documents = [full, EMPTY, merge(EMPTY, [unbindAll(1)]), merge(EMPTY, [unbind(1, ['alice'])])];
    for (const [i, one] of documents.entries()) await store().write(on(`phone-${i}`), one, 0);
    const read = await store().documents(documents.map((_, i) => on(`phone-${i}`)));
    expect(read.map((stored) => readable(stored)?.document)).toEqual(documents);
  });

  test('documents can be read in any number at once', async () => {
    const names = Array.from({ length: 230 }, (_, i) => `phone-${i}`);
    await inParallel(names.slice(0, 225), 16, async (name) => {
      await store().write(on(name), document(Number(name.slice(6))), 0);
    });
    const read = await store().documents(names.map((name) => on(name)));
    expect(read.map((stored) => readable(stored)?.document)).toEqual(
      names.map((_, i) => (i < 225 ? document(i) : undefined)),
    );
  });

  test('documents of one token in two apps are two documents', async () => {
    await store().write(on('phone'), document(1), 0);
    await store().write(on('phone', CHAT), document(2), 0);
    const read = await store().documents([on('phone'), on('phone', CHAT)]);
    expect(read.map((stored) => readable(stored)?.document)).toEqual([document(1), document(2)]);
  });

  test('documents of tokens with odd names are kept apart', async () => {
    for (const [i, name] of TOKENS.entries()) await store().write(on(name), document(i), 0);
    const read = await store().documents(TOKENS.map((name) => on(name)));
    expect(read.map((stored) => readable(stored)?.document)).toEqual(TOKENS.map((_, i) => document(i)));
  });
}

function writeRules(store: () => RegistryStore): void {
  test('a first write makes the version of its newest moment', async () => {
    expect(await store().write(on('phone'), document(1_700_000_000_000), 0)).toBe('written');
    const [stored] = await store().documents([on('phone')]);
    expect(stored).toEqual({ document: document(1_700_000_000_000), version: 1_700_000_000_000 });
    expect(await store().write(on('tablet'), document(0), 0)).toBe('written');
    expect(await store().documents([on('tablet')])).toEqual([{ document: document(0), version: 1 }]);
  });

  test('a write over any other version changes nothing and returns the current document', async () => {
    await store().write(on('phone'), document(1), 0);
    await store().write(on('phone'), document(2), 1);
    for (const version of [0, 1, 3])
      expect(await store().write(on('phone'), document(3), version)).toEqual({
        winner: { document: document(2), version: 2 },
      });
    expect(await store().documents([on('phone')])).toEqual([{ document: document(2), version: 2 }]);
  });

  test('a write over a version without a document changes nothing and returns none', async () => {
    expect(await store().write(on('phone'), document(1), 1)).toEqual({ winner: undefined });
    expect(await store().documents([on('phone')])).toEqual([undefined]);
  });

  test('one of many writes at the same version wins', async () => {
    let version = 0;
    for (let round = 0; round < 3; round++) {
      const documents = Array.from({ length: 12 }, (_, i) => document(round * 100 + i));
      const results = await Promise.all(documents.map((one) => store().write(on('phone'), one, version)));
      const winners = documents.filter((_, i) => results[i] === 'written');
      expect(winners).toHaveLength(1);
      const stored = readable((await store().documents([on('phone')]))[0]);
      expect(stored?.document).toEqual(winners[0]);
      version = readable(stored)?.version ?? 0;
    }
  });
}

/** Rules for writes of many items: the same as for single ones, and each stands for itself. */
function batchRules(store: () => RegistryStore): void {
  const writes = (names: readonly string[], ms: number, version: number) =>
    names.map((name) => ({ ref: on(name), document: document(ms), version }));
  const names = Array.from({ length: 60 }, (_, i) => `phone-${i}`);

  test('a batch writes documents that are new, and those at the version read', async () => {
    expect(await store().writeAll(writes(names, 1, 0))).toEqual(names.map(() => 'written'));
    expect(await store().writeAll(writes(names, 2, 1))).toEqual(names.map(() => 'written'));
    const read = await store().documents(names.map((name) => on(name)));
    expect(read).toEqual(names.map(() => ({ document: document(2), version: 2 })));
    expect(await store().writeAll([])).toEqual([]);
  });

  test('a batch writes no document over another version, and the others all the same', async () => {
    await store().write(on('taken'), document(1), 0);
    await store().write(on('changed'), document(7), 0);
    const [first, taken, changed] = await store().writeAll([
      ...writes(['new'], 3, 0),
      ...writes(['taken'], 3, 0),
      ...writes(['changed'], 3, 6),
    ]);
    expect(first).toBe('written');
    // A store need not know what is in the way of a new document.
    expect([undefined, { winner: { document: document(1), version: 1 } }]).toContainEqual(taken);
    expect(changed).toEqual({ winner: { document: document(7), version: 7 } });
    const read = await store().documents(['new', 'taken', 'changed'].map((name) => on(name)));
    expect(read.map((stored) => readable(stored)?.document)).toEqual([document(3), document(1), document(7)]);
  });

  test('a batch writes every register, and the absence of each', async () => {
    const full = merge(EMPTY, [unbindAll(1, { session: 's1' }), bind(2, ['alice', 'b#c'], { session: 's2' })]);
    for (const [version, document] of [full, EMPTY, full].entries()) {
      const at = (version === 0 ? 0 : 1) + version;
      await store().writeAll(['a', 'b'].map((name) => ({ ref: on(name), document, version: version && at })));
      expect(readable((await store().documents([on('b')]))[0])?.document).toEqual(document);
    }
  });

  test('a batch raises pointers, and never lowers one, whatever it takes them for', async () => {
    const raise = (ms: number, isKnown: boolean) =>
      store().raisePointers(
        names.map((name) => ({ account: of('alice'), token: token(name), edge: edge(ms), isKnown })),
      );
    expect(await raise(5, false)).toEqual(names.map(() => true));
    for (const [ms, isKnown] of [
      [9, true],
      [7, true],
    ] as const)
      expect(await raise(ms, isKnown)).toEqual(names.map(() => true));
    // A store may leave a wrong guess to its caller, and says so.
    await raise(8, false);
    const { pointers } = await pointersOf(store(), of('alice'), 100);
    expect(pointers.map((one) => one.edge)).toEqual(names.map(() => edge(9)));
    const [isRaised] = await store().raisePointers([
      { account: of('bob'), token: token('phone'), edge: edge(1), isKnown: true },
    ]);
    expect((await store().pointers(of('bob'))).pointers).toEqual(
      isRaised === true ? [{ token: 'phone', edge: edge(1) }] : [],
    );
  });
}

function pointerRules(store: () => RegistryStore): void {
  const pointers = async (ref: AccountRef) =>
    (await pointersOf(store(), ref, 2_000)).pointers.sort((a, b) => (a.token < b.token ? -1 : 1));

  test('an account that was never bound has no pointers', async () => {
    expect(await store().pointers(of('alice'))).toEqual({ pointers: [] });
  });

  test('pointers only rise', async () => {
    for (const ms of [5, 3, 9, 9, 7]) await store().raisePointer(of('alice'), token('phone'), edge(ms));
    expect(await pointers(of('alice'))).toEqual([{ token: 'phone', edge: edge(9) }]);
  });

  test('pointers rise to the latest of many raised at once', async () => {
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => store().raisePointer(of('alice'), token('phone'), edge((i * 5) % 12))),
    );
    expect(await pointers(of('alice'))).toEqual([{ token: 'phone', edge: edge(11) }]);
  });

  test('pointers belong to one account and one app', async () => {
    await store().raisePointer(of('alice'), token('phone'), edge(1));
    for (const other of [of('alice', CHAT), of('alice:1'), of('alice#'), of('alice#T#'), of('alicea')])
      await store().raisePointer(other, token('tablet'), edge(2));
    expect(await pointers(of('alice'))).toEqual([{ token: 'phone', edge: edge(1) }]);
    expect(await pointers(of('alice#T#'))).toEqual([{ token: 'tablet', edge: edge(2) }]);
  });

  test('pointers lead to tokens with odd names', async () => {
    for (const name of TOKENS) await store().raisePointer(of('alice'), token(name), edge(1));
    const found = (await pointers(of('alice'))).map(({ token }): string => token);
    expect(found.sort()).toEqual([...TOKENS].sort());
  });

  test('pointers of accounts with odd names are kept apart', async () => {
    for (const [i, ref] of ACCOUNTS.entries()) await store().raisePointer(ref, token(`phone-${i}`), edge(i));
    for (const [i, ref] of ACCOUNTS.entries())
      expect(await pointers(ref)).toEqual([{ token: `phone-${i}`, edge: edge(i) }]);
  });

  test('a page of pointers has at most as many as asked for, and the next begins behind it', async () => {
    for (const name of ['a', 'b', 'c']) await store().raisePointer(of('alice'), token(name), edge(1));
    const first = await store().pointers(of('alice'), undefined, 2);
    const second = await store().pointers(of('alice'), first.next, 2);
    expect([first, second].map((page) => page.pointers.map((one): string => one.token))).toEqual([['a', 'b'], ['c']]);
    expect([first.next, second.next]).toEqual(['b', undefined]);
  });

  test('pointers of more than a megabyte are all returned', async () => {
    const tokens: Token[] = Array.from({ length: 1_100 }, (_, i) =>
      token(`${String(i).padStart(4, '0')}${'x'.repeat(990)}`),
    );
    await inParallel(tokens, 16, (one) => store().raisePointer(of('alice'), one, edge(1)));
    expect((await pointers(of('alice'))).map(({ token }) => token)).toEqual(tokens);
    const first = await store().pointers(of('alice'));
    expect(first.pointers.length).toBeLessThan(tokens.length);
    const most = first.pointers.length - 1;
    expect(await pointersOf(store(), of('alice'), most)).toEqual({
      pointers: first.pointers.slice(0, most),
      isWhole: false,
    });
    expect(await pointersOf(store(), of('alice'), tokens.length)).toMatchObject({ isWhole: true });
  });
}

function watermarkRules(store: () => RegistryStore): void {
  test('a missing watermark is the empty text', async () => {
    expect(await removalsOf(store(), [of('alice'), of('bob')])).toEqual(['', '']);
    expect(await removalsOf(store(), [])).toEqual([]);
  });

  test('a watermark is written only over what was read, and the loser gets the one that is there', async () => {
    const alice = of('alice');
    const none = await watermarkOf(store(), alice);
    const full = {
      removal: removal(2),
      spared: { s1: removal(3) },
      ended: { s2: removal(4) },
      endedFloor: `${removal(1)}|s3`,
    };
    expect(await store().writeWatermark(alice, full, none)).toBe('written');
    const first = await watermarkOf(store(), alice);
    expect(first.watermark).toEqual(full);
    expect(await store().writeWatermark(alice, { ...UNMARKED, removal: removal(1) }, none)).toEqual({ winner: first });
    const less = { ...UNMARKED, removal: removal(9) };
    expect(await store().writeWatermark(alice, less, first)).toBe('written');
    expect(await watermarkOf(store(), alice)).toEqual({ watermark: less, version: first.version + 1 });
  });

  test('watermarks come in the order of the accounts, also repeated, in any number', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `user-${i}`);
    await inParallel(names.slice(0, 115), 16, (name) =>
      raiseRemoval(store(), of(name), removal(Number(name.slice(5)))),
    );
    const asked = [...names.toReversed(), 'user-7'];
    const expected = asked.map((name) => Number(name.slice(5))).map((i) => (i < 115 ? removal(i) : ''));
    expect(
      await removalsOf(
        store(),
        asked.map((name) => of(name)),
      ),
    ).toEqual(expected);
  });

  test('watermarks belong to one account and one app', async () => {
    await raiseRemoval(store(), of('alice'), removal(1));
    const others = [of('alice', CHAT), of('alice:1'), of('alice#'), of('alicea')];
    expect(await removalsOf(store(), others)).toEqual(['', '', '', '']);
  });

  test('watermarks of accounts with odd names are kept apart', async () => {
    for (const [i, ref] of ACCOUNTS.entries()) await raiseRemoval(store(), ref, removal(i));
    expect(await removalsOf(store(), ACCOUNTS)).toEqual(ACCOUNTS.map((_, i) => removal(i)));
  });
}

function loginRules(store: () => RegistryStore): void {
  const mine = { app: SHOP, installation: installation('mine') };
  const loginOn = (name: string, ms: number) => ({ token: token(name), stamp: bind(ms, ['alice']).stamp });
  const [old, next] = [loginOn('old', 1), loginOn(LONGEST.token, 2)];

  test('a newest login belongs to one installation and one app', async () => {
    expect(await store().newestLogin(mine)).toBeUndefined();
    expect(await store().writeNewestLogin(mine, old, undefined)).toBe('written');
    expect(await store().newestLogin(mine)).toEqual(old);
    for (const other of [
      { ...mine, app: CHAT },
      { ...mine, installation: installation('yours') },
    ])
      expect(await store().newestLogin(other)).toBeUndefined();
  });

  test('a newest login is written only over what was read, and the loser gets the one that is there', async () => {
    expect(await store().writeNewestLogin(mine, next, old)).toEqual({ winner: undefined });
    await store().writeNewestLogin(mine, old, undefined);
    for (const wrong of [undefined, next])
      expect(await store().writeNewestLogin(mine, next, wrong)).toEqual({ winner: old });
    expect(await store().writeNewestLogin(mine, next, old)).toBe('written');
    expect(await store().newestLogin(mine)).toEqual(next);
  });
}
