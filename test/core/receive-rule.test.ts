import { expect, test } from 'vitest';
import { accountTime, tokenTimes } from '../../functions/core/time.ts';
import { storeAfter } from '../memory/registry-store.ts';
import { account, app, bind, moved, override, token, unbind, unbindAll, unbindEverywhere } from '../world/examples.ts';

const NOW = 1_000;
const SHOP = app().id;

const touching = (name: string, ...names: string[]) => ({
  ref: { app: SHOP, token: token(name) },
  accounts: names.map(account),
});

test('an operation without a time of its own is stamped with our clock where that is later than all that is known', async () => {
  const store = await storeAfter(bind(500, ['alice']));
  expect(await tokenTimes(store, NOW, [touching('phone')])).toEqual([{ isKnown: true, ms: NOW }]);
});

test.each([
  ['bound', bind(NOW + 3, ['alice'])],
  ['cleared', unbindAll(NOW + 3)],
  ['overridden', override(NOW + 3, ['alice'])],
  ['freed of an account', unbind(NOW + 3, ['bob'])],
])(
  'an operation without a time of its own is stamped after the moment at which another machine has %s it',
  async (_, operation) => {
    expect(await tokenTimes(await storeAfter(operation), NOW, [touching('phone', 'alice')])).toEqual([
      { isKnown: true, ms: NOW + 4 },
    ]);
  },
);

test('an operation without a time of its own is stamped after the moment at which the accounts it binds lost all their tokens', async () => {
  const store = await storeAfter(unbindEverywhere(NOW + 3, 'alice'));
  expect(await tokenTimes(store, NOW, [touching('phone', 'alice'), touching('tablet', 'bob')])).toEqual([
    { isKnown: false, ms: NOW + 4 },
    { isKnown: false, ms: NOW },
  ]);
});

test('the time of an operation comes with the fact that the token was ever seen, a removal included', async () => {
  const store = await storeAfter(moved(unbindAll(5), 'tablet'));
  const known = await tokenTimes(
    store,
    NOW,
    ['phone', 'tablet'].map((name) => touching(name)),
  );
  expect(known.map(({ isKnown }) => isKnown)).toEqual([false, true]);
});

test('operations of a request on one token get one time, and the order of the list decides between them', async () => {
  const store = await storeAfter(unbindEverywhere(NOW + 3, 'alice'));
  const times = await tokenTimes(store, NOW, [
    touching('phone', 'alice'),
    touching('phone', 'bob'),
    touching('tablet', 'bob'),
  ]);
  expect(times.map(({ ms }) => ms)).toEqual([NOW + 4, NOW + 4, NOW]);
});

test.each([
  ['with our clock where that is later than all that is known', [bind(500, ['alice'])], NOW],
  [
    'after the newest bind of the account, on whatever token',
    [bind(NOW + 1, ['alice']), moved(override(NOW + 3, ['alice']), 'tablet')],
    NOW + 4,
  ],
  ['after the last one', [unbindEverywhere(NOW + 3, 'alice')], NOW + 4],
  ['no later for other accounts', [bind(NOW + 3, ['bob']), unbindEverywhere(NOW + 3, 'bob')], NOW],
])('an unbind of an account from all tokens is stamped %s', async (_, operations, ms) => {
  const store = await storeAfter(...operations);
  expect(await accountTime(store, NOW, { app: SHOP, account: account('alice') })).toEqual({ ms, isWhole: true });
});
