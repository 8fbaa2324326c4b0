import { beforeEach, describe, expect, test } from 'vitest';
import { UNMARKED } from '../../functions/core/document.ts';
import { type AccountRef, accountDigest, type RegistryStore } from '../../functions/core/store.ts';
import type { MirrorStore } from '../../functions/mirror/state.ts';
import type { SweepItem, SweepStore } from '../../functions/sweep/store.ts';
import { raiseRemoval, removalsOf, watermarkOf } from '../memory/registry-store.ts';
import { bind, installation, token } from '../world/examples.ts';
import { CHAT, document, edge, of, on, removal, SHOP } from './registry-store-contract.ts';

const state = { pushed: ['0#alice' as const], seen: ['0#alice' as const], pushedMs: 7, misses: 0 };

const hashed = (ref: AccountRef) => ({ app: ref.app, digest: accountDigest(ref) });

const mine = { app: SHOP, installation: installation('mine') };
const login = (ms: number) => ({ token: token('phone'), stamp: bind(ms, ['alice']).stamp });

export type Stores = { readonly registry: RegistryStore; readonly states: MirrorStore; readonly store: SweepStore };

/** Rules for every sweep store. `make` returns empty stores over one table, with pages of `pageItems`. */
export function sweepStoreContract(make: (pageItems: number) => Promise<Stores>): void {
  let stores: Stores;
  beforeEach(async () => {
    stores = await make(1_000);
  });

  describe('a page', () => pageRules(() => stores, make));
  describe('a pointer', () => pointerRules(() => stores));
  describe('a watermark', () => watermarkRules(() => stores));
  describe('a newest login', () => loginRules(() => stores));
  describe('a pass', () => passRules(() => stores));

  test('a glimpse returns documents in the order of the tokens, also repeated and missing ones', async () => {
    const { registry, store } = stores;
    await registry.write(on('phone'), document(1), 0);
    await registry.write(on('tablet'), document(2), 0);
    const asked = ['tablet', 'watch', 'phone', 'tablet'].map((name) => on(name));
    expect(await store.glimpse(asked)).toEqual([document(2), undefined, document(1), document(2)]);
    expect(await store.glimpse([])).toEqual([]);
  });
}

async function everything(store: SweepStore): Promise<SweepItem[][]> {
  const pages: SweepItem[][] = [];
  let after: string | undefined;
  do {
    const page = await store.page(after);
    pages.push([...page.items]);
    after = page.next;
  } while (after !== undefined);
  return pages;
}

function pageRules(stores: () => Stores, make: (pageItems: number) => Promise<Stores>): void {
  test('a page of an empty table is empty, and the last', async () => {
    expect(await stores().store.page(undefined)).toEqual({ items: [] });
  });

  test('a page has each kind of item whole', async () => {
    const { registry, states, store } = stores();
    await registry.write(on('phone#1'), document(1), 0);
    await states.writeState(SHOP, token('phone#1'), state, 0);
    await registry.raisePointer(of('alice#x:2', CHAT), token('T#phone'), edge(2));
    await raiseRemoval(registry, of('alice#x:2', CHAT), removal(3));
    const [risen] = await registry.watermarks([of('alice#x:2', CHAT)]);
    await registry.writeNewestLogin(mine, login(1), undefined);
    const [items = []] = await everything(store);
    expect(items).toHaveLength(5);
    expect(items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: 'document',
          ref: on('phone#1'),
          stored: { document: document(1), version: 1 },
        }),
        { kind: 'state', ref: on('phone#1'), stored: { state, version: 1 } },
        expect.objectContaining({ kind: 'watermark', ref: hashed(of('alice#x:2', CHAT)), stored: risen }),
        { kind: 'pointer', ref: hashed(of('alice#x:2', CHAT)), token: 'T#phone', edge: edge(2) },
        { kind: 'installation', ref: mine, login: login(1) },
      ]),
    );
  });

  test('a page has a watermark before its pointers, and a state right after its document', async () => {
    const { registry, states, store } = stores();
    for (const name of ['alice', 'bob']) {
      await states.writeState(SHOP, token(name), state, 0);
      await registry.raisePointer(of(name), token('#'), edge(1));
      await registry.raisePointer(of(name), token('phone'), edge(1));
      await raiseRemoval(registry, of(name), removal(1));
      await registry.write(on(name), document(1), 0);
    }
    const [items = []] = await everything(store);
    const kinds = items.map(({ kind }) => kind).join(' ');
    expect(kinds.match(/watermark pointer pointer/g)).toHaveLength(2);
    expect(kinds.match(/document state/g)).toHaveLength(2);
  });

  test('pages together have every item once', async () => {
    const { registry, states, store } = await make(3);
    for (let i = 0; i < 10; i++) {
      await registry.write(on(`phone-${i}`), document(i), 0);
      await registry.raisePointer(of('alice'), token(`phone-${i}`), edge(i));
    }
    await states.writeState(SHOP, token('phone-1'), state, 0);
    await raiseRemoval(registry, of('alice'), removal(1));
    const pages = await everything(store);
    expect(Math.max(...pages.map((items) => items.length))).toBeLessThanOrEqual(3);
    expect(pages.flat()).toHaveLength(22);
    expect(new Set(pages.flat().map((item) => JSON.stringify(item))).size).toBe(22);
  });

  test('a page has no item of the pass itself', async () => {
    const { store } = stores();
    await store.savePass({ begunMs: 1, isDone: true }, 0);
    expect(await everything(store)).toEqual([[]]);
  });
}

function pointerRules(stores: () => Stores): void {
  test('an unchanged pointer is deleted, and no other', async () => {
    const { registry, store } = stores();
    for (const name of ['phone', 'tablet']) await registry.raisePointer(of('alice'), token(name), edge(1));
    expect(await store.deletePointer(of('alice'), token('phone'), edge(1))).toBe(true);
    expect((await registry.pointers(of('alice'))).pointers).toEqual([{ token: 'tablet', edge: edge(1) }]);
    expect(await store.deletePointer(of('alice'), token('phone'), edge(1))).toBe(false);
  });

  test('a pointer that has risen stays', async () => {
    const { registry, store } = stores();
    await registry.raisePointer(of('alice'), token('phone'), edge(1));
    await registry.raisePointer(of('alice'), token('phone'), edge(2));
    expect(await store.deletePointer(of('alice'), token('phone'), edge(1))).toBe(false);
    expect((await registry.pointers(of('alice'))).pointers).toEqual([{ token: 'phone', edge: edge(2) }]);
  });

  test("an account's pointers are found beside any other items", async () => {
    const { registry, store } = stores();
    await raiseRemoval(registry, of('alice'), removal(1));
    await registry.raisePointer(of('alice', CHAT), token('phone'), edge(1));
    await registry.raisePointer(of('alicea'), token('phone'), edge(1));
    expect(await store.hasPointers(of('alice'))).toBe(false);
    await registry.raisePointer(of('alice'), token('phone'), edge(1));
    expect(await store.hasPointers(of('alice'))).toBe(true);
    await store.deletePointer(of('alice'), token('phone'), edge(1));
    expect(await store.hasPointers(of('alice'))).toBe(false);
  });
}

function watermarkRules(stores: () => Stores): void {
  const alice = of('alice');
  const read = ({ registry }: Stores) => watermarkOf(registry, alice);

  test('an unchanged watermark is deleted', async () => {
    const { registry, store } = stores();
    for (const name of ['alice', 'bob']) await raiseRemoval(registry, of(name), removal(1));
    const before = await read(stores());
    expect(await store.deleteWatermark(alice, before)).toBe(true);
    expect(await removalsOf(registry, [alice, of('bob')])).toEqual(['', removal(1)]);
    expect(await store.deleteWatermark(alice, before)).toBe(false);
  });

  test.each([
    ['has risen', { removal: removal(2) }],
    ['knows another session that has ended', { ended: { s1: removal(1) } }],
  ])('a watermark that %s stays, and is not idle', async (_, change) => {
    const { registry, store } = stores();
    await raiseRemoval(registry, alice, removal(1));
    const before = await read(stores());
    expect(await store.noteIdle(alice, before, 5)).toBe(true);
    expect(await everything(store)).toMatchObject([
      [{ kind: 'watermark', ref: hashed(alice), stored: before, idleMs: 5 }],
    ]);
    await registry.writeWatermark(alice, { ...before.watermark, ...change }, before);
    expect(await store.deleteWatermark(alice, before)).toBe(false);
    expect(await store.noteIdle(alice, before, 5)).toBe(false);
    const [[changed] = []] = await everything(store);
    const stored = { watermark: { ...before.watermark, ...change }, version: before.version + 1 };
    expect(changed).toMatchObject({ kind: 'watermark', ref: hashed(alice), stored });
    expect(changed).not.toHaveProperty('idleMs');
  });

  test('a missing watermark does not become idle', async () => {
    const { registry, store } = stores();
    const before = { watermark: { ...UNMARKED, removal: removal(1) }, version: 1 };
    expect(await store.noteIdle(alice, before, 5)).toBe(false);
    expect(await removalsOf(registry, [alice])).toEqual(['']);
  });
}

function loginRules(stores: () => Stores): void {
  test('a newest login is deleted only as it was read', async () => {
    const { registry, store } = stores();
    await registry.writeNewestLogin(mine, login(1), undefined);
    await registry.writeNewestLogin(mine, login(2), login(1));
    expect(await store.deleteLogin(mine, login(1))).toBe(false);
    expect(await registry.newestLogin(mine)).toEqual(login(2));
    expect(await store.deleteLogin(mine, login(2))).toBe(true);
    expect(await registry.newestLogin(mine)).toBeUndefined();
    expect(await store.deleteLogin(mine, login(2))).toBe(false);
  });
}

function passRules(stores: () => Stores): void {
  test('a store without a pass has version 0', async () => {
    expect(await stores().store.pass()).toEqual({ pass: undefined, version: 0 });
  });

  test('a pass is saved over the version that was read, and no other', async () => {
    const { store } = stores();
    const [first, second] = [
      { begunMs: 1, isDone: false, after: 'x' },
      { begunMs: 1, isDone: true },
    ];
    expect(await store.savePass(first, 1)).toBe(false);
    expect(await store.savePass(first, 0)).toBe(true);
    expect(await store.pass()).toEqual({ pass: first, version: 1 });
    expect(await store.savePass(second, 0)).toBe(false);
    expect(await store.savePass(second, 1)).toBe(true);
    expect(await store.pass()).toEqual({ pass: second, version: 2 });
  });
}
