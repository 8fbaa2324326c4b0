import { expect, test } from 'vitest';
import { deviceKey } from '../../functions/core/fence.ts';
import { Unavailable } from '../../functions/core/outcome.ts';
import { writtenReceipt } from '../../functions/devices/receipt.ts';
import { memoryRegistryStore } from '../memory/registry-store.ts';
import { codeOf, NOW_S, receiptIn, ticketOf, world } from '../world/devices.ts';

/** A door where Alice has signed in on t1, with her receipt. */
async function signedIn() {
  const w = await world();
  return { ...w, receipt: receiptIn(await w.signIn(await w.bearerOf())) };
}

test('a receipt that is sent twice, or a month later, ends the same sign-in and no later one', async () => {
  const { signIn, signOut, bearerOf, held, state, receipt } = await signedIn();
  await signOut(receipt);
  expect(await held()).toEqual([]);
  state.ms += 1000;
  await signIn(await bearerOf({ sid: 'session-2' }));
  expect(await held()).toEqual(['0#alice']);
  for (const later of [0, 1000, 30 * 86_400_000]) {
    state.ms += later;
    expect((await signOut(receipt)).status).toBe(200);
    expect(await held()).toEqual(['0#alice']);
  }
});

test('a receipt of Alice leaves Bob, who signed in on the phone after her', async () => {
  const { signIn, signOut, bearerOf, held, state, receipt } = await signedIn();
  state.ms += 1000;
  await signIn(await bearerOf({ sub: 'bob', sid: 'session-b' }));
  await signOut(receipt);
  expect(await held()).toEqual(['0#bob']);
});

test('a receipt ends the sign-ins that its session repeated after it, such as one whose answer was lost', async () => {
  const { signIn, signOut, bearerOf, held, state, receipt } = await signedIn();
  state.ms += 60_000;
  await signIn(await bearerOf());
  await signOut(receipt);
  expect(await held()).toEqual([]);
});

/** A sign-in of an older session that was judged before the one of the receipt was applied: that is stamped earlier. */
async function outlived(olderS: number) {
  const first = await world({ withinBudget: async () => 'late', apply: async () => [] });
  const receipt = receiptIn(await first.signIn(await first.bearerOf()));
  const w = await world();
  w.state.ms += 1000;
  await w.signIn(await w.bearerOf({ sid: 'session-0', iat: NOW_S - olderS }));
  await w.apply(first.queued);
  expect(await w.held()).toEqual(['0#alice']);
  return { ...w, receipt };
}

test('a receipt ends the copy of an older sign-in that was judged before its own was applied', async () => {
  const { signOut, held, receipt } = await outlived(60);
  await signOut(receipt);
  expect(await held()).toEqual([]);
});

test('a receipt leaves a later sign-in whose bearer may be newer, since clocks differ', async () => {
  const { signOut, held, receipt } = await outlived(6);
  await signOut(receipt);
  expect(await held()).toEqual(['0#alice']);
});

test('a receipt of an older version has no time of its bearer, and ends its own sign-in', async () => {
  const { signOut, held, receipt } = await signedIn();
  const [payload = ''] = receipt.split('.');
  const { issuedMs, ...content } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  expect(issuedMs).toBe(NOW_S * 1000);
  await signOut(writtenReceipt(deviceKey('new'), content));
  expect(await held()).toEqual([]);
});

test('a receipt is redeemed while the registry cannot be read', async () => {
  const { receipt } = await signedIn();
  const store = { ...memoryRegistryStore(), documents: () => Promise.reject(new Unavailable('Down')) };
  const { signOut, queued } = await world({ store, withinBudget: async () => 'late', apply: async () => [] });
  expect((await signOut(receipt)).status).toBe(202);
  expect(queued).toHaveLength(1);
});

test('a receipt ends nothing on another token of the same session', async () => {
  const { signIn, signOut, bearerOf, held, receipt } = await signedIn();
  await signIn(await bearerOf(), { token: 't2' });
  await signOut(receipt);
  expect([await held('t1'), await held('t2')]).toEqual([[], ['0#alice']]);
});

test('a receipt ends the sign-in also if the worker applies that later', async () => {
  const { signOut, held, queued, apply, receipt } = await signedIn();
  const [bind] = queued;
  await signOut(receipt);
  if (bind) await apply([bind]);
  expect(await held()).toEqual([]);
});

test('a receipt that comes before its sign-in is applied leaves nothing to apply', async () => {
  const first = await world({ withinBudget: async () => 'late', apply: async () => [] });
  const receipt = receiptIn(await first.signIn(await first.bearerOf()));
  const { signOut, apply, held } = await world();
  await signOut(receipt);
  await apply(first.queued);
  expect(await held()).toEqual([]);
});

test('a sign-in that is repeated after its sign-out stays dead', async () => {
  const { signIn, signOut, bearerOf, held, state } = await world();
  const bearer = await bearerOf();
  await signOut(receiptIn(await signIn(bearer)));
  state.ms += 1000;
  const queued = await signIn(bearer);
  expect(codeOf(queued)).toBe('401 stale_token');
  // A newer bearer of the ended session is no new login.
  expect(codeOf(await signIn(await bearerOf()))).toBe('401 stale_token');
  expect(await held()).toEqual([]);
});

test('a receipt of another app is refused', async () => {
  const { signOut, held, queued, receipt } = await signedIn();
  expect(codeOf(await signOut(receipt, { app: 'tablet' }))).toBe('400 invalid_receipt');
  expect([await held(), queued.length]).toEqual([['0#alice'], 1]);
});

test('a receipt with any letter changed is refused', async () => {
  const { signOut, queued, receipt } = await signedIn();
  for (let at = 0; at < receipt.length; at += 1) {
    const letter = receipt[at] === 'A' ? 'B' : 'A';
    const reply = await signOut(receipt.slice(0, at) + letter + receipt.slice(at + 1));
    expect(codeOf(reply), `letter ${at}`).toBe('400 invalid_receipt');
  }
  expect(queued).toHaveLength(1);
});

test('a receipt that another key signed is refused, and one of the key before is taken', async () => {
  const { signOut, held, receipt } = await signedIn();
  const [payload = ''] = receipt.split('.');
  const content = JSON.parse(Buffer.from(payload, 'base64url').toString());
  expect(codeOf(await signOut(writtenReceipt(deviceKey('other'), content)))).toBe('400 invalid_receipt');
  expect(await held()).toEqual(['0#alice']);
  expect((await signOut(writtenReceipt(deviceKey('old'), content))).status).toBe(200);
  expect(await held()).toEqual([]);
});

test('a bearer, a ticket and a fence are no receipts', async () => {
  const { signOut, bearerOf } = await signedIn();
  for (const text of [await bearerOf(), ticketOf({}), 'aaaaaaaaaaaa', '', '.', 5, null])
    expect(codeOf(await signOut(text))).toMatch(/^400 invalid_re(?:ceipt|quest)$/);
});

test('a receipt waits while a key that may have signed it cannot be used, or the queue does not answer', async () => {
  const { receipt } = await signedIn();
  const unusable = await world({ ownKeys: async () => [undefined] });
  expect(codeOf(await unusable.signOut(receipt))).toBe('503 unavailable');
  const down = await world({ enqueue: () => Promise.reject(new Unavailable('Down')) });
  expect(codeOf(await down.signOut(receipt))).toBe('503 unavailable');
});

test('a receipt for the longest token and account fits into a sign-out', async () => {
  const { signIn, signOut, bearerOf } = await world();
  const names = { token: `t${'\u0001'.repeat(998)}t`, sub: `a${'\u0001'.repeat(253)}a` };
  const reply = await signIn(await bearerOf({ sub: names.sub }), { token: names.token });
  expect((await signOut(receiptIn(reply))).status).toBe(200);
});
