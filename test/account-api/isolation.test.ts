import { expect, test } from 'vitest';
import { Operation } from '../../functions/core/operation.ts';
import { msOf, stampOf } from '../../functions/core/stamp.ts';
import { account, T0, tokenAccounts, type World, world } from '../world/account-api.ts';

const OPERATIONS: readonly [string, unknown][] = [
  ['operation 1', tokenAccounts(1, 'phone', 'mallory')],
  ['operation 2', tokenAccounts(2, 'phone', 'mallory')],
  ['operation 3', tokenAccounts(3, 'phone', 'alice')],
  ['operation 4', { operator_type: 4, token_list: ['phone'] }],
  ['operation 5', { operator_type: 5, account_list: [account('alice')] }],
];

/** Every app except the one whose bindings are checked. */
const OTHERS = ['xg-2', 'xg-typed', 'tpns', 'tpns-typed'];
const MATRIX = OTHERS.flatMap((app) => OPERATIONS.map(([what, body]) => [app, what, body] as const));

const stateOf = async ({ held, holders }: World, app: string) => ({
  phone: await held(app, 'phone'),
  alice: await holders(app, 'alice'),
});

test.each(MATRIX)('the app %s does not change the bindings of xg by %s', async (app, _, body) => {
  const at = world();
  await at.operate('xg', tokenAccounts(2, 'phone', 'alice'));
  const before = await stateOf(at, 'xg');
  expect(await at.operate(app, body)).toMatchObject({ ret_code: 0 });
  expect(await stateOf(at, 'xg')).toEqual(before);
  await at.redeliver();
  expect(await stateOf(at, 'xg')).toEqual(before);
});

test.each(OTHERS)('the app %s finds no binding of xg, in either direction', async (app) => {
  const at = world();
  await at.operate('xg', tokenAccounts(2, 'phone', 'alice'));
  expect(await stateOf(at, app)).toEqual({ phone: [], alice: [] });
  expect(await at.operate(app, { operator_type: 4, token_list: ['phone'] })).toMatchObject({
    result: [app.startsWith('xg') ? 'token_not_exists' : '1008006'],
  });
});

test.each(MATRIX)('the app %s gets no stamp from the bindings of xg by %s', async (app, _, body) => {
  const at = world();
  await stampAhead(at, 'xg');
  await at.operate(app, body);
  expect(lastMs(at)).toBe(at.state.ms);
});

test.each(OPERATIONS.slice(2))('the app xg itself gets a stamp later than its own bindings by %s', async (_, body) => {
  const at = world();
  await stampAhead(at, 'xg');
  await at.operate('xg', body);
  expect(lastMs(at)).toBeGreaterThan(AHEAD);
});

test('a body cannot name another app', async () => {
  const at = world();
  await at.operate('xg-2', { ...tokenAccounts(2, 'phone', 'alice'), app: 'xg', access_id: 'xg', AccessId: 'xg' });
  expect(await stateOf(at, 'xg')).toEqual({ phone: [], alice: [] });
  expect(await stateOf(at, 'xg-2')).toEqual({ phone: ['0#alice'], alice: ['phone'] });
});

const AHEAD = T0 + 4_000;

/** Applies events from a clock ahead of ours: a bind on the token and a removal on the account. */
async function stampAhead({ ports }: World, app: string): Promise<void> {
  const accounts = [{ type: 0, id: 'alice' }];
  const stamp = (kind: 'bind' | 'unbindAccountFromAll') => stampOf(kind, AHEAD, '0123456789abcdef');
  await ports.accept({ id: 'ahead' }, [
    Operation.parse({ kind: 'bind', app, token: 'phone', accounts, stamp: stamp('bind') }),
    Operation.parse({ kind: 'unbindAccountFromAll', app, account: accounts[0], stamp: stamp('unbindAccountFromAll') }),
  ]);
}

const lastMs = ({ queue }: World): number => msOf(queue.at(-1)?.operations[0]?.stamp ?? '');
