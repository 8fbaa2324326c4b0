import { describe, expect, test } from 'vitest';
import { Account, Token } from '../../functions/core/account.ts';
import { AppId } from '../../functions/core/configuration.ts';
import { sessionOf } from '../../functions/core/operation.ts';
import { eventHash, stampOf } from '../../functions/core/stamp.ts';
import { codeOf, NOW, receiptIn, world } from '../world/devices.ts';

const BOB = { sub: 'bob', sid: 'session-b' };

test('a repeated sign-in of an older session stays dead after the sign-out of a newer one', async () => {
  const { signIn, signOut, bearerOf, state, held } = await world();
  const lost = await bearerOf({ sid: 'session-1' });
  state.ms += 10_000;
  const answer = await signIn(await bearerOf({ sid: 'session-2' }));
  await signOut(receiptIn(answer));
  expect(codeOf(await signIn(lost))).toBe('401 stale_token');
  expect(await held()).toEqual([]);
  expect((await signIn(await bearerOf({ sid: 'session-3' }))).status).toBe(200);
});

describe('a bearer from before the last sign-in on the token', () => {
  test('a phone that goes back to an earlier user needs a fresh bearer', async () => {
    const { signIn, signOut, bearerOf, state, held } = await world();
    const alice = await bearerOf();
    state.ms += 10_000;
    await signOut(receiptIn(await signIn(await bearerOf(BOB))));
    expect(codeOf(await signIn(alice))).toBe('401 stale_token');
    expect((await signIn(await bearerOf({ sid: 'session-2' }))).status).toBe(200);
    expect(await held()).toEqual(['0#alice']);
  });

  test('a sign-in from before a sign-out stays dead, although the sign-in of the next user takes the place of that sign-out', async () => {
    const { signIn, signOut, bearerOf, state, held } = await world();
    const late = await bearerOf({ sid: 'session-1' });
    state.ms += 10_000;
    await signOut(receiptIn(await signIn(await bearerOf({ sid: 'session-2' }))));
    await signIn(await bearerOf(BOB));
    expect(codeOf(await signIn(late, { mode: 'append' }))).toBe('401 stale_token');
    expect(await held()).toEqual(['0#bob']);
  });

  test('a sign-in from before a sign-out stays dead when a later bind of its account is past its lease', async () => {
    const { signIn, signOut, bearerOf, state, held } = await world();
    const late = await bearerOf({ sid: 'session-1' });
    state.ms += 10_000;
    await signOut(receiptIn(await signIn(await bearerOf({ sid: 'session-2' }))));
    await signIn(await bearerOf({ sid: 'session-3' }), { expires_at: new Date(NOW + 20_000).toISOString() });
    state.ms += 10_000;
    expect(codeOf(await signIn(late))).toBe('401 stale_token');
    expect(await held()).toEqual([]);
  });

  test('a bearer signs in again and again while its bind stands, in each mode', async () => {
    const { signIn, bearerOf, state, held } = await world();
    const alice = await bearerOf();
    for (const mode of ['override', 'append', 'append', 'override', 'override']) {
      state.ms += 10_000;
      expect((await signIn(alice, { mode })).status).toBe(200);
    }
    expect(await held()).toEqual(['0#alice']);
  });
});

describe('events of the back end about the token', () => {
  const app = AppId.parse('phone');
  const token = Token.parse('t1');

  test('a repeated sign-in from before a logout of the whole token stays dead', async () => {
    const { signIn, bearerOf, apply, state, held } = await world();
    const bearer = await bearerOf();
    await signIn(bearer);
    state.ms += 10_000;
    const stamp = stampOf('unbindTokenFromAll', state.ms, eventHash('logout'));
    await apply([{ kind: 'unbindTokenFromAll', app, token, stamp }]);
    expect(codeOf(await signIn(bearer))).toBe('401 stale_token');
    expect(await held()).toEqual([]);
    expect((await signIn(await bearerOf())).status).toBe(200);
  });

  test('a sign-in from before a sign-out stays dead when a later login by an event has ended on all phones', async () => {
    const { signIn, signOut, bearerOf, removal, apply, state, held } = await world();
    const late = await bearerOf();
    state.ms += 10_000;
    await signOut(receiptIn(await signIn(await bearerOf({ sid: 'session-2' }))));
    const stamp = stampOf('bindOverriding', state.ms + 1, eventHash('login'));
    const login = { accounts: [Account.parse({ type: 0, id: 'alice' })], session: sessionOf('session-3') };
    await apply([{ kind: 'bindOverriding', scope: 'token', app, token, stamp, ...login }]);
    await removal('alice', 20_000, 'session-3');
    expect(codeOf(await signIn(late))).toBe('401 stale_token');
    expect(await held()).toEqual([]);
  });

  test.each([{ kind: 'bind' }, { kind: 'bindOverriding', scope: 'token' }] as const)(
    "a sign-in of Alice from before Bob's login by an event is refused, one of Bob is not: $kind",
    async (terms) => {
      const { signIn, bearerOf, apply, state, held } = await world();
      const [alice, bob] = [await bearerOf(), await bearerOf(BOB)];
      state.ms += 10_000;
      const stamp = stampOf(terms.kind, state.ms, eventHash('login'));
      await apply([{ ...terms, app, token, accounts: [Account.parse({ type: 0, id: 'bob' })], stamp }]);
      expect(codeOf(await signIn(alice))).toBe('401 stale_token');
      expect((await signIn(bob)).status).toBe(200);
      expect(await held()).toEqual(['0#bob']);
    },
  );
});
