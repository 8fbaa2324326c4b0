import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf as accountsAt, tokensOf as tokensAt } from '../../functions/core/bindings.ts';
import { DOCUMENT_LIMITS, HORIZON_MS } from '../../functions/core/merge.ts';
import type { Operation } from '../../functions/core/operation.ts';
import { readable, Unavailable } from '../../functions/core/outcome.ts';
import type { AccountRef, RegistryStore, Stored, TokenRef } from '../../functions/core/store.ts';
import { manyOf, memoryRegistryStore } from '../memory/registry-store.ts';
import {
  account,
  app,
  bind,
  moved,
  override,
  overrideTypes,
  session,
  token,
  unbind,
  unbindAll,
  unbindEverywhere,
} from '../world/examples.ts';

const accountsOf = (store: RegistryStore, tokens: readonly TokenRef[]) => accountsAt(store, tokens, 1_000);
const tokensOf = async (store: RegistryStore, accounts: readonly AccountRef[]) =>
  (await tokensAt(store, accounts, 1_000)).map(({ tokens }) => tokens);
const SHOP = app().id;
const PHONE = { app: SHOP, token: token('phone') };
const NOW = 1_000;

/** A store that writes down each call, and may stand in for some of them. */
function recording(instead: (store: RegistryStore) => Partial<RegistryStore> = () => ({})) {
  const inner = memoryRegistryStore();
  const replaced = instead(inner);
  const store = { ...manyOf({ ...inner, ...replaced }), ...replaced };
  const calls: string[] = [];
  const noted =
    <P extends unknown[], R>(name: string, call: (...parameters: P) => R) =>
    (...parameters: P): R => {
      calls.push(name);
      return call(...parameters);
    };
  return {
    calls,
    inner,
    store: {
      documents: noted('documents', store.documents),
      write: noted('write', store.write),
      writeAll: noted('writeAll', store.writeAll),
      raisePointer: noted('raisePointer', store.raisePointer),
      raisePointers: noted('raisePointers', store.raisePointers),
      pointers: noted('pointers', store.pointers),
      writeWatermark: noted('writeWatermark', store.writeWatermark),
      watermarks: noted('watermarks', store.watermarks),
      newestLogin: noted('newestLogin', store.newestLogin),
      writeNewestLogin: noted('writeNewestLogin', store.writeNewestLogin),
    } satisfies RegistryStore,
  };
}

const ports = (store: RegistryStore, now = NOW) => ({ store, now: () => now, pause: async () => {} });
const apply = (store: RegistryStore, ...operations: Operation[]) => applyAll(ports(store), operations);
const kinds = async (outcomes: ReturnType<typeof applyAll>) => (await outcomes).map(({ kind }) => kind);
const unavailable = () => Promise.reject(new Unavailable('ThrottlingException'));

test('applying operations answers each operation with its outcome, in the order given', async () => {
  const { store } = recording();
  const operations = [
    bind(1, ['alice']),
    unbindEverywhere(3, 'bob'),
    override(2, ['bob']),
    moved(unbind(4, ['bob']), 'tablet'),
  ];
  expect(await kinds(apply(store, ...operations))).toEqual(['superseded', 'applied', 'applied', 'applied']);
});

test('applying operations reads a token once and writes it once, after its pointers, whatever the number of its operations', async () => {
  const { store, calls } = recording();
  await apply(store, bind(1, ['alice']), override(2, ['bob']), unbind(3, ['carol']));
  expect(calls).toEqual(['documents', 'raisePointer', 'write']);
});

const logins = () => ['phone', 'tablet', 'watch'].map((name, i) => moved(override(2 + i, [`user-${i}`]), name));

test('operations of many tokens are three calls: documents are read, pointers raised, documents written', async () => {
  const { store, calls } = recording();
  expect(await kinds(apply(store, ...logins()))).toEqual(['applied', 'applied', 'applied']);
  expect(calls).toEqual(['documents', 'raisePointers', 'writeAll']);
  calls.length = 0;
  await apply(store, ...logins(), bind(1, ['alice']));
  expect(calls).toEqual(['documents']);
});

test('operations are read before they are durable, and write nothing until then', async () => {
  for (const operations of [[bind(1, ['alice'])], logins(), [everywhere(5)]]) {
    const { store, calls } = recording();
    const { promise: durable, resolve, reject } = Promise.withResolvers<void>();
    const applying = applyAll(ports(store), operations, { durable });
    await new Promise(setImmediate);
    const reads = calls.splice(0);
    expect(reads.filter((name) => /^(?:write|raise)/.test(name))).toEqual([]);
    expect(reads.length).toBeGreaterThan(0);
    if (operations.length === 1) resolve();
    else reject(new Unavailable('not on the queue'));
    await applying.catch((error) => expect(error).toBeInstanceOf(Unavailable));
    expect(calls.length > 0).toBe(operations.length === 1);
  }
});

test('a token whose pointer is not certain is written alone, pointer first, and the others together', async () => {
  const { store, calls, inner } = recording((inner) => ({
    raisePointers: async (pointers) => {
      const raised = await inner.raisePointers(pointers);
      return pointers.map(({ token }, i) => token !== 'tablet' && raised[i] === true);
    },
    writeAll: (writes) => inner.writeAll(writes.map((one) => (one.ref.token === 'tablet' ? never() : one))),
  }));
  expect(await kinds(apply(store, ...logins()))).toEqual(['applied', 'applied', 'applied']);
  expect(calls).toEqual(['documents', 'raisePointers', 'writeAll', 'raisePointer', 'write']);
  const refs = logins().map(({ app, token }) => ({ app, token }));
  expect(await accountsOf(inner, refs)).toEqual([0, 1, 2].map((i) => [account(`user-${i}`)]));
});

const never = () => {
  throw new Error('a document was written without its pointer');
};

test.each<[string, (inner: RegistryStore) => Partial<RegistryStore>]>([
  ['that answers nothing', () => ({ writeAll: async (writes) => writes.map(() => undefined) })],
  ['that does all and says nothing', (inner) => ({ writeAll: (writes) => unsaid(inner.writeAll(writes)) })],
  ['that raises pointers and says nothing', (inner) => ({ raisePointers: (all) => unsaid(inner.raisePointers(all)) })],
  ['whose answers are missing', () => ({ writeAll: async () => [], raisePointers: async () => [] })],
])('operations of many tokens are applied alone by a store %s', async (_, instead) => {
  const { store, inner } = recording(instead);
  expect(await kinds(apply(store, ...logins()))).toEqual(['applied', 'applied', 'applied']);
  const refs = logins().map(({ app, token }) => ({ app, token }));
  expect(await accountsOf(inner, refs)).toEqual([0, 1, 2].map((i) => [account(`user-${i}`)]));
});

const unsaid = async (done: Promise<readonly unknown[]>) => {
  await done;
  return [];
};

test('a race for one of many tokens is lost once and goes on from what the winner wrote', async () => {
  const { store, inner, calls } = recording((inner) => ({
    writeAll: async (writes) => {
      await apply(inner, moved(bind(1, ['bob']), 'tablet'));
      return inner.writeAll(writes);
    },
  }));
  const operations = ['phone', 'tablet', 'watch'].map((name, i) => moved(bind(2 + i, [`user-${i}`]), name));
  expect(await kinds(apply(store, ...operations))).toEqual(['applied', 'applied', 'applied']);
  expect(calls).toEqual(['documents', 'raisePointers', 'writeAll', 'raisePointer', 'write']);
  const [both] = await accountsOf(inner, [{ app: SHOP, token: token('tablet') }]);
  expect(both).toEqual([account('user-1'), account('bob')]);
});

test('applying operations again costs one read and writes nothing', async () => {
  const { store, calls } = recording();
  const operations = [bind(1, ['alice']), override(2, ['bob'])];
  await apply(store, ...operations);
  calls.length = 0;
  expect(await kinds(apply(store, ...operations))).toEqual(['superseded', 'applied']);
  expect(calls).toEqual(['documents']);
});

test('applying operations reads the documents of many tokens in one call', async () => {
  const { store, calls } = recording();
  const operations = ['phone', 'tablet', 'watch'].map((name, i) => moved(unbind(i, ['alice']), name));
  await apply(store, ...operations);
  expect(calls.filter((name) => name === 'documents')).toHaveLength(1);
});

test('applying operations reads each token alone if the read of all fails, so that one does not stop the others', async () => {
  const { store, inner } = recording(({ documents }) => ({
    documents: (refs) => (refs.some(({ token }) => token === 'tablet') ? unavailable() : documents(refs)),
  }));
  const operations = ['phone', 'tablet', 'watch'].map((name, i) => moved(unbind(i, ['alice']), name));
  expect(await kinds(apply(store, ...operations))).toEqual(['applied', 'unavailable', 'applied']);
  expect((await inner.documents([{ app: SHOP, token: token('watch') }]))[0]).toBeDefined();
});

test('applying operations reads a removal that is there already, and writes nothing', async () => {
  const { store, calls } = recording();
  await apply(store, unbindEverywhere(2, 'alice'));
  calls.length = 0;
  expect(await kinds(apply(store, unbindEverywhere(2, 'alice'), unbindEverywhere(1, 'alice')))).toEqual([
    'applied',
    'applied',
  ]);
  expect(calls).toEqual(['watermarks']);
});

test('applying operations to a stale read keeps all that was written since', async () => {
  const before: (Stored | undefined | Unavailable)[] = [];
  const { store, inner } = recording(() => ({ documents: async () => before }));
  await applyAll(ports(inner), [bind(1, ['alice'])]);
  before.push(...(await inner.documents([PHONE])));
  await applyAll(ports(inner), [override(3, ['bob'])]);
  await apply(store, bind(1, ['alice']));
  await apply(store, bind(2, ['carol']), bind(4, ['dave']));
  expect(await accountsOf(inner, [PHONE])).toEqual([[account('dave'), account('bob')]]);
});

test('an account is removed from ten thousand tokens with one write', async () => {
  const { store, calls } = recording();
  const tokens = Array.from({ length: 10_000 }, (_, i) => `phone-${i}`);
  await apply(store, ...tokens.map((name) => moved(bind(1, ['alice']), name)));
  calls.length = 0;
  await apply(store, unbindEverywhere(2, 'alice'));
  expect(calls).toEqual(['watermarks', 'writeWatermark']);
  expect(await tokensOf(store, [{ app: SHOP, account: account('alice') }])).toEqual([[]]);
  expect(await accountsOf(store, [{ app: SHOP, token: token('phone-77') }])).toEqual([[]]);
});

const late = NOW + HORIZON_MS;

test('a bind older than the horizon is refused with the reason', async () => {
  const { store } = recording();
  expect(await applyAll(ports(store, late + 1), [bind(NOW, ['alice'])])).toEqual([
    { kind: 'refused', reason: 'a bind older than the horizon' },
  ]);
  expect(await applyAll(ports(store, late), [bind(NOW, ['alice'])])).toEqual([{ kind: 'applied' }]);
});

test('a bind that its door applied in time is not refused when its copy comes past the horizon', async () => {
  const { store } = recording();
  await applyAll(ports(store, late), [bind(NOW, ['alice'])]);
  expect(await kinds(applyAll(ports(store, late + 1), [bind(NOW, ['alice'])]))).toEqual(['applied']);
  expect(await accountsOf(store, [PHONE])).toEqual([[account('alice')]]);
});

test('a bind older than the horizon does not stop the removals of its request', async () => {
  const { store } = recording();
  await apply(store, bind(1, ['alice']));
  expect(await kinds(applyAll(ports(store, late + 1), [bind(2, ['bob']), unbindAll(3)]))).toEqual([
    'refused',
    'applied',
  ]);
  expect(await accountsOf(store, [PHONE])).toEqual([[]]);
});

test.each([
  ['by a later removal of everything', unbindAll(5)],
  ['by a later removal of the account', unbind(5, ['alice'])],
  ['by a later overriding bind', override(5, ['bob'])],
  ['by a later bind of the same account', bind(5, ['alice'])],
  ['by the logout of its session', unbindAll(1, { session: 's1' })],
])('a bind is superseded %s', async (_, later) => {
  const { store } = recording();
  await apply(store, later);
  expect(await kinds(apply(store, bind(2, ['alice'], { session: 's1' })))).toEqual(['superseded']);
});

test('a bind is applied while one of its accounts is bound by it', async () => {
  const { store } = recording();
  await apply(store, unbind(5, ['alice']));
  expect(await kinds(apply(store, bind(2, ['alice', 'bob'])))).toEqual(['applied']);
});

test('a failed call of the store makes its own operations unavailable, and no others', async () => {
  const { store } = recording((inner) => ({
    write: (ref, ...rest) => (ref.token === 'tablet' ? unavailable() : inner.write(ref, ...rest)),
    writeWatermark: (ref, ...rest) =>
      'account' in ref && ref.account.id === 'bob' ? unavailable() : inner.writeWatermark(ref, ...rest),
  }));
  const operations = [
    bind(1, ['alice']),
    moved(bind(1, ['alice']), 'tablet'),
    unbindEverywhere(2, 'bob'),
    unbindEverywhere(2, 'carol'),
  ];
  expect(await kinds(apply(store, ...operations))).toEqual(['applied', 'unavailable', 'unavailable', 'applied']);
});

test('a failed write of a pointer leaves the document unwritten', async () => {
  const { store, calls } = recording(() => ({ raisePointer: unavailable }));
  expect(await kinds(apply(store, bind(1, ['alice'])))).toEqual(['unavailable']);
  expect(calls).not.toContain('write');
});

test('a bug in applying is thrown', async () => {
  const { store } = recording(() => ({ documents: () => Promise.reject(new TypeError('a bug')) }));
  await expect(apply(store, bind(1, ['alice']))).rejects.toThrow('a bug');
});

test('a lost race for a token is merged with what the winner wrote, after a pause, and no pointer is written twice', async () => {
  let races = 0;
  const { store, inner, calls } = recording((inner) => ({
    write: async (ref, document, version) => {
      if (races++ < 3) await apply(inner, bind(races, ['bob']));
      return inner.write(ref, document, version);
    },
  }));
  const pauses: number[] = [];
  const pause = async (attempt: number) => void pauses.push(attempt);
  expect(await applyAll({ store, now: () => NOW, pause }, [bind(9, ['alice'])])).toEqual([{ kind: 'applied' }]);
  expect(pauses).toEqual([1, 2, 3]);
  expect(await accountsOf(inner, [PHONE])).toEqual([[account('alice'), account('bob')]]);
  expect(calls).toEqual(['documents', 'raisePointer', 'write', 'write', 'write', 'write']);
});

test('an account that only the winner of a lost race has made room for is found too', async () => {
  const others = Array.from({ length: DOCUMENT_LIMITS.edges }, (_, i) => bind(100 + i, [`user-${i}:2`]));
  let races = 0;
  const { store, inner } = recording((inner) => ({
    write: async (ref, document, version) => {
      if (races++ === 0) await apply(inner, overrideTypes(900, ['carol:2']));
      return inner.write(ref, document, version);
    },
  }));
  await apply(inner, ...others);
  await apply(store, bind(5, ['alice']));
  expect(await tokensOf(inner, [{ app: SHOP, account: account('alice') }])).toEqual([[PHONE.token]]);
});

test('a write whose acknowledgement was lost is not repeated', async () => {
  let writes = 0;
  const { store, calls } = recording((inner) => ({
    write: async (ref, document, version) => {
      const result = await inner.write(ref, document, version);
      return writes++ === 0 ? inner.write(ref, document, version) : result;
    },
  }));
  expect(await kinds(apply(store, bind(1, ['alice'])))).toEqual(['applied']);
  expect(calls.filter((call) => call === 'write')).toHaveLength(1);
});

test('a writer loses a race for a token at most once to each other writer, so each of fifty is applied', async () => {
  const store = memoryRegistryStore();
  const pauses = new Map<number, number>();
  const writers = Array.from({ length: 50 }, (_, i) =>
    applyAll({ store, now: () => NOW, pause: async (attempt) => void pauses.set(i, attempt) }, [
      bind(i, [`user-${i}`], { session: `s${i}` }),
    ]),
  );
  expect((await Promise.all(writers)).flat()).toEqual(writers.map(() => ({ kind: 'applied' })));
  expect(Math.max(...pauses.values())).toBeLessThan(50);
  const stored = readable((await store.documents([PHONE]))[0]);
  expect(Object.keys(stored?.document.edges ?? {})).toHaveLength(50);
});

test('a race of overriding binds for a token ends with exactly one owner, the latest', async () => {
  const store = memoryRegistryStore();
  const logins = Array.from({ length: 20 }, (_, i) => override(i + 1, [`user-${(i * 7) % 20}`]));
  await Promise.all(logins.toReversed().map((login) => apply(store, login)));
  expect(await accountsOf(store, [PHONE])).toEqual([[account(`user-${(19 * 7) % 20}`)]]);
});

test('a new document gets another version than an expired one that was deleted', async () => {
  const documents = new Map<string, Stored>();
  const inner = memoryRegistryStore(documents);
  await apply(inner, unbindAll(1));
  const late = 100 * 86_400_000;
  let isFirst = true;
  const store: RegistryStore = {
    ...inner,
    write: async (ref, document, version) => {
      if (isFirst) {
        isFirst = false;
        documents.clear();
        await applyAll(ports(store, late), [override(late, ['bob'])]);
      }
      return inner.write(ref, document, version);
    },
  };
  await applyAll(ports(store, late), [unbind(late - 1, ['alice'])]);
  expect(await accountsOf(inner, [PHONE])).toEqual([[account('bob')]]);
});

const told = async (before: Operation[], ...operations: Operation[]) => {
  const store = memoryRegistryStore();
  await applyAll(ports(store), before);
  return (await applyAll(ports(store), operations, { answers: true })).map(({ kind }) => kind);
};
const everywhere = (ms: number) => unbindEverywhere(ms, 'alice');

test('a removal that leaves something bound is superseded', async () => {
  const login = bind(9, ['alice']);
  for (const early of [unbindAll(5), unbind(5, ['alice']), everywhere(5)])
    expect(await told([login], early)).toEqual(['superseded']);
  for (const late of [unbindAll(10), unbind(10, ['alice']), everywhere(10), unbind(5, ['bob'])])
    expect(await told([login], late)).toEqual(['applied']);
  // The document still binds, the watermark does not.
  expect(await told([login, everywhere(12)], unbindAll(5))).toEqual(['applied']);
});

test('a removal is answered from the newest document, although an older one contains it already', async () => {
  const { store, inner } = recording();
  await apply(inner, unbindAll(2));
  const lately = await inner.documents([PHONE]);
  await apply(inner, bind(3, ['alice']));
  const eventual: RegistryStore = {
    ...store,
    documents: async (refs, reads) => (reads === 'strong' ? inner.documents(refs) : lately),
  };
  expect(await kinds(applyAll(ports(eventual), [unbindAll(1)], { answers: true }))).toEqual(['superseded']);
});

test('a sign-out everywhere is answered from the newest documents of the account', async () => {
  const { store, inner } = recording();
  await apply(inner, bind(9, ['alice']));
  const eventual: RegistryStore = {
    ...store,
    documents: async (refs, reads) => (reads === 'strong' ? inner.documents(refs) : refs.map(() => undefined)),
  };
  expect(await kinds(applyAll(ports(eventual), [everywhere(5)], { answers: true }))).toEqual(['superseded']);
});

test('a sign-out of an account with more tokens than are read is in effect, and does not say that it leaves nothing', async () => {
  const { store, calls } = recording();
  const pages = Array.from({ length: 10_001 }, (_, i) => ({ token: token(`phone-${i}`), edge: '' }));
  const crowded: RegistryStore = { ...store, pointers: async () => ({ pointers: pages }) };
  const answered = applyAll(ports(crowded), [everywhere(5)], { answers: true });
  expect(await answered).toEqual([{ kind: 'unavailable', reason: 'too many tokens to look at' }]);
  expect(calls).toEqual(['watermarks', 'writeWatermark', 'watermarks']);
});

test('a login whose watermark cannot be read is applied, and answered as unavailable', async () => {
  const { store, inner } = recording(() => ({ watermarks: unavailable }));
  expect(await kinds(applyAll(ports(store), [bind(3, ['alice'])], { answers: true }))).toEqual(['unavailable']);
  expect(await accountsOf(inner, [PHONE])).toEqual([[account('alice')]]);
});

test('a login that a sign-out everywhere has ended is superseded', async () => {
  expect(await told([everywhere(5)], bind(3, ['alice']), bind(6, ['alice']))).toEqual(['superseded', 'applied']);
});

test('a sign-out of the other sessions leaves the one that it names, also when they log in late', async () => {
  const kept = bind(1, ['alice'], { session: 'kept' });
  const other = moved(bind(2, ['alice'], { session: 'other' }), 'tablet');
  const others: Operation = { ...everywhere(5), kind: 'unbindAccountFromOthers', session: session('kept') };
  expect(await told([kept, other], others)).toEqual(['applied']);
  expect(await told([others], kept, other)).toEqual(['applied', 'superseded']);
});

test('a login is superseded by a later sign-out everywhere of the same request, in either order', async () => {
  expect(await told([], bind(3, ['alice']), everywhere(5))).toEqual(['superseded', 'applied']);
  expect(await told([], everywhere(5), bind(3, ['alice']))).toEqual(['applied', 'superseded']);
});

test('operations of one account are one write', async () => {
  const { store, calls } = recording();
  await applyAll(ports(store), [everywhere(5), everywhere(6), everywhere(7)]);
  expect(calls).toEqual(['watermarks', 'writeWatermark']);
});
