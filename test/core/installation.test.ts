import { expect, test } from 'vitest';
import { applyAll } from '../../functions/core/apply.ts';
import { accountsOf } from '../../functions/core/bindings.ts';
import type { Operation, TokenOperation } from '../../functions/core/operation.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import type { RegistryStore } from '../../functions/core/store.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { bind, installation, moved, override, token } from '../world/examples.ts';

const PHONES = ['old', 'new', 'newest'];
const [MINE, YOURS] = [installation('mine'), installation('yours')];

type Mode = typeof bind | typeof override;

/** The login of an account at a moment, with that token of the installation. */
const login = (ms: number, name: string, on: string, of = MINE, mode: Mode = override) => ({
  ...moved(mode(ms, [name]), on),
  installation: of,
});

type Options = Parameters<typeof applyAll>[2];

const apply = (store: RegistryStore, operations: readonly Operation[], options?: Options) =>
  applyAll({ store, now: () => 1_000, pause: async () => {} }, operations, options);

const kinds = async (applied: ReturnType<typeof apply>) => (await applied).map(({ kind }) => kind);

/** The accounts of each phone. */
async function bound(store: RegistryStore): Promise<string[]> {
  const refs = PHONES.map((name) => ({ app: bind(1, ['alice']).app, token: token(name) }));
  return (await accountsOf(store, refs, 1_000)).map((accounts) => accounts.map(({ id }) => id).join());
}

function* orders<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries()) for (const rest of orders(items.toSpliced(i, 1))) yield [item, ...rest];
}

test('a later login of an installation with another token takes the bindings of the earlier token away', async () => {
  const store = memoryRegistryStore();
  await apply(store, [moved(bind(1, ['carol']), 'old'), login(2, 'alice', 'old', MINE, bind)]);
  expect(await bound(store)).toEqual(['alice,carol', '', '']);
  await apply(store, [login(5, 'alice', 'new')]);
  expect(await bound(store)).toEqual(['', 'alice', '']);
});

/** All orders, each one by one, together and cut in two; then all once more. */
function* deliveriesOf(logins: readonly Operation[]): Generator<Operation[][]> {
  for (const order of orders(logins))
    for (const batches of [order.map((one) => [one]), [order], [order.slice(0, 2), order.slice(1)]])
      yield [...batches, order.toReversed()];
}

const CASES = PHONES.flatMap((first) =>
  PHONES.flatMap((second) =>
    [
      { kind: 'bind', mode: bind },
      { kind: 'override', mode: override },
    ].map((mode) => ({ first, second, ...mode })),
  ),
);

/** How the logins of three moments end: the accounts of each phone, once for every end there is. */
async function endsOf({ first, second, mode }: (typeof CASES)[number]): Promise<string[]> {
  const [early, late] = [login(1, 'alice', first, MINE, mode), login(3, 'carol', second, MINE, mode)];
  const ends = new Set<string>();
  for (const batches of deliveriesOf([early, late, login(5, 'erin', 'newest', MINE, mode)])) {
    const store = memoryRegistryStore();
    for (const batch of batches) await apply(store, batch);
    ends.add((await bound(store)).join(';'));
  }
  return [...ends];
}

test('three logins of an installation on any tokens end the same in every order, also together and with copies', async () => {
  for (const one of CASES) {
    const isKept = one.kind === 'bind' && one.second === 'newest';
    const before = isKept ? ['carol', ...(one.first === 'newest' ? ['alice'] : [])] : [];
    expect(await endsOf(one), JSON.stringify(one)).toEqual([`;;${['erin', ...before].join()}`]);
  }
});

test('a login of an installation that comes late is superseded, and takes away what is older on the newer token', async () => {
  const store = memoryRegistryStore();
  await apply(store, [moved(bind(1, ['carol']), 'new'), login(5, 'alice', 'new', MINE, bind)]);
  expect(await kinds(apply(store, [login(3, 'alice', 'old')]))).toEqual(['superseded']);
  expect(await bound(store)).toEqual(['', 'alice', '']);
});

test('logins of two installations, and logins that name none, leave the tokens of others as they are', async () => {
  const store = memoryRegistryStore();
  const logins = [login(1, 'alice', 'old'), login(3, 'carol', 'new', YOURS), moved(override(5, ['erin']), 'newest')];
  await apply(store, logins);
  expect(await bound(store)).toEqual(['alice', 'carol', 'erin']);
});

test('a login of an installation costs one read and one write more, its copy one read, and a login that names none nothing', async () => {
  const inner = memoryRegistryStore();
  const calls: string[] = [];
  const store: RegistryStore = {
    ...inner,
    newestLogin: (ref) => {
      calls.push('read');
      return inner.newestLogin(ref);
    },
    writeNewestLogin: (...parameters) => {
      calls.push('write');
      return inner.writeNewestLogin(...parameters);
    },
  };
  await apply(store, [moved(override(1, ['alice']), 'old')]);
  expect(calls.splice(0)).toEqual([]);
  await apply(store, [login(2, 'alice', 'old')]);
  expect(calls.splice(0)).toEqual(['read', 'write']);
  await apply(store, [login(2, 'alice', 'old')]);
  expect(calls).toEqual(['read']);
});

const unavailable = async () => {
  throw new Unavailable('ThrottlingException');
};

test('a login whose installation cannot be read or written is unavailable, and no other', async () => {
  for (const broken of [{ newestLogin: unavailable }, { writeNewestLogin: unavailable }]) {
    const store = { ...memoryRegistryStore(), ...broken };
    const operations = [login(2, 'alice', 'old'), moved(override(2, ['carol']), 'new')];
    expect(await kinds(apply(store, operations))).toEqual(['unavailable', 'applied']);
  }
});

test('removals that a login of an installation leads to are announced after they are applied, before the login is written', async () => {
  const store = memoryRegistryStore();
  await apply(store, [login(1, 'alice', 'old')]);
  const next = login(5, 'alice', 'new');
  const announced: TokenOperation[] = [];
  const announce = async (removals: readonly TokenOperation[], by: Operation) => {
    announced.push(...removals);
    expect([by, await bound(store)]).toEqual([next, ['', 'alice', '']]);
    expect(await store.newestLogin(next)).toMatchObject({ token: 'old' });
  };
  expect(await kinds(apply(store, [next], { announce: unavailable }))).toEqual(['unavailable']);
  expect(await kinds(apply(store, [next], { announce }))).toEqual(['applied']);
  const own = (name: string, { stamp }: Operation) => ({
    kind: 'unbindTokenFromAll',
    token: name,
    app: next.app,
    stamp,
  });
  expect(announced).toEqual([own('new', login(1, 'alice', 'old')), own('old', next)]);
  expect(await store.newestLogin(next)).toEqual({ token: 'new', stamp: next.stamp });
});
