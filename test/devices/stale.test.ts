import { describe, expect, test } from 'vitest';
import { codeOf, NOW, NOW_S, receiptIn, ticketOf, world } from '../world/devices.ts';

const BOB = { sub: 'bob', sid: 'session-b' };

describe('a sign-out everywhere', () => {
  test.each([
    ['a second before', 1_000],
    ['in the same millisecond', 0],
  ])('a bearer that was issued %s its account was signed out everywhere is refused', async (_, ms) => {
    const { signIn, bearerOf, removal, state, queued, held } = await world();
    const bearer = await bearerOf();
    await removal('alice', ms);
    state.ms += 5_000;
    expect(codeOf(await signIn(bearer))).toBe('401 stale_token');
    expect([queued, await held()]).toEqual([[], []]);
    expect((await signIn(await bearerOf({ sid: 'session-2' }))).status).toBe(200);
    expect(await held()).toEqual(['0#alice']);
  });

  test('a sign-out everywhere that arrives late ends what an older bearer has bound meanwhile', async () => {
    const { signIn, bearerOf, removal, state, held } = await world();
    const bearer = await bearerOf();
    state.ms += 60_000;
    expect((await signIn(bearer)).status).toBe(200);
    // It happened before the sign-in, and after the bearer was issued.
    await removal('alice', 30_000);
    expect(await held()).toEqual([]);
    expect(codeOf(await signIn(bearer))).toBe('401 stale_token');
  });

  test('a sign-out everywhere that arrives late leaves what a newer bearer has bound', async () => {
    const { signIn, bearerOf, removal, state, held } = await world();
    state.ms += 60_000;
    await signIn(await bearerOf());
    await removal('alice', 30_000);
    expect(await held()).toEqual(['0#alice']);
  });

  test('a sign-out of Alice leaves Bob', async () => {
    const { signIn, bearerOf, removal, held } = await world();
    const bearer = await bearerOf(BOB);
    await removal('alice', 1_000);
    expect((await signIn(bearer)).status).toBe(200);
    expect(await held()).toEqual(['0#bob']);
  });
});

test('a bearer of a session that has ended on all phones is refused, whatever its age', async () => {
  const { signIn, bearerOf, removal, state, held } = await world();
  await removal('alice', 0, 'session-a');
  state.ms += 60_000;
  expect(codeOf(await signIn(await bearerOf()))).toBe('401 stale_token');
  expect((await signIn(await bearerOf({ sid: 'session-2' }))).status).toBe(200);
  expect(await held()).toEqual(['0#alice']);
});

test('a session that ends later takes its sign-ins away', async () => {
  const { signIn, bearerOf, removal, held } = await world();
  await signIn(await bearerOf());
  await removal('alice', -60_000, 'session-a');
  expect(await held()).toEqual([]);
});

describe('two users of one phone', () => {
  test('a sign-in of Alice that the network repeats after Bob took the phone is refused', async () => {
    const { signIn, bearerOf, state, queued, held } = await world();
    const alice = await bearerOf();
    await signIn(alice);
    state.ms += 1_000;
    await signIn(await bearerOf(BOB));
    const before = queued.length;
    state.ms += 1_000;
    expect(codeOf(await signIn(alice))).toBe('401 stale_token');
    expect([await held(), queued.length]).toEqual([['0#bob'], before]);
  });

  test('a sign-in of Alice that was under way while she left and Bob signed in is refused', async () => {
    const { signIn, signOut, bearerOf, state, held } = await world();
    const alice = await bearerOf();
    const receipt = receiptIn(await signIn(alice));
    await signOut(receipt);
    state.ms += 1_000;
    await signIn(await bearerOf(BOB));
    expect(codeOf(await signIn(alice))).toBe('401 stale_token');
    expect(await held()).toEqual(['0#bob']);
  });

  test('Alice comes back with a new bearer', async () => {
    const { signIn, bearerOf, state, held } = await world();
    for (const claims of [{}, BOB, { sid: 'session-2' }]) {
      state.ms += 1_000;
      expect((await signIn(await bearerOf(claims))).status).toBe(200);
    }
    expect(await held()).toEqual(['0#alice']);
  });

  test('an older bearer signs in beside a newer one in mode append', async () => {
    const { signIn, bearerOf, state, held } = await world();
    const alice = await bearerOf();
    state.ms += 1_000;
    await signIn(await bearerOf(BOB));
    expect((await signIn(alice, { mode: 'append' })).status).toBe(200);
    expect((await held()).sort()).toEqual(['0#alice', '0#bob']);
  });

  test('an older bearer signs in beside a newer one of another account type, where each type has one account', async () => {
    const { signIn, state, held } = await world();
    const on = { app: 'typed' };
    await signIn(ticketOf({ account_type: 2, iat: NOW_S + 1 }), {}, on);
    state.ms += 1_000;
    expect((await signIn(ticketOf({ ...BOB, account_type: 3 }), {}, on)).status).toBe(200);
    expect((await held('t1', 'typed')).sort()).toEqual(['2#alice', '3#bob']);
    expect(codeOf(await signIn(ticketOf({ ...BOB, account_type: 2 }), {}, on))).toBe('401 stale_token');
  });

  test('a newer user who is signed out everywhere no longer keeps an older bearer from the phone', async () => {
    const { signIn, bearerOf, removal, state, held } = await world();
    const alice = await bearerOf();
    state.ms += 1_000;
    await signIn(await bearerOf(BOB));
    await removal('bob', 2_000);
    state.ms += 5_000;
    expect((await signIn(alice)).status).toBe(200);
    expect(await held()).toEqual(['0#alice']);
  });

  test('a repeated sign-in of an older session does not replace that of the newer one', async () => {
    const { signIn, bearerOf, state, queued } = await world();
    const first = await bearerOf({ sid: 'session-1' });
    await signIn(first);
    state.ms += 1_000;
    await signIn(await bearerOf({ sid: 'session-2' }));
    const before = queued.length;
    expect(codeOf(await signIn(first))).toBe('401 stale_token');
    expect(queued.length).toBe(before);
  });
});

test('a bearer moves to another phone, which has its push token: the fence of the new sign-in tells them apart', async () => {
  const { signIn, bearerOf, state, held } = await world();
  const alice = await signIn(await bearerOf());
  state.ms += 1_000;
  const mallory = await signIn(await bearerOf({ sub: 'mallory', sid: 'session-m' }));
  expect(await held()).toEqual(['0#mallory']);
  expect(Object(mallory.body).fence).not.toBe(Object(alice.body).fence);
});

test('a bind is later than everything that its phone and its account know, although another clock was ahead', async () => {
  const { signIn, bearerOf, removal, state, held } = await world();
  await removal('alice', 4_000);
  expect(codeOf(await signIn(await bearerOf()))).toBe('401 stale_token');
  expect((await signIn(await bearerOf({ iat: NOW_S + 5, exp: NOW_S + 3_600 }))).status).toBe(200);
  expect(await held()).toEqual(['0#alice']);
  state.ms = NOW - 1_000;
  expect((await signIn(await bearerOf({ ...BOB, iat: NOW_S + 4 }))).status).toBe(401);
});

test('a sign-in that a later event overtook while it was applied is answered as stale', async () => {
  const w = await world({ withinBudget: (work) => work });
  const { accept } = w.ports;
  const late = await world({
    accept: async (id, operations) => {
      const result = await accept(id, operations);
      return result.kind === 'accepted' ? { kind: 'accepted', outcomes: [{ kind: 'superseded' }] } : result;
    },
  });
  expect(codeOf(await late.signIn(await late.bearerOf()))).toBe('401 stale_token');
});
