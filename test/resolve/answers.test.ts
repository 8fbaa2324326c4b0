import { expect, test } from 'vitest';
import * as z from 'zod';
import { AppId } from '../../functions/core/configuration.ts';
import { fenceOf } from '../../functions/core/fence.ts';
import { account, bind, moved, override, token, unbindAll, unbindEverywhere } from '../world/examples.ts';
import { FENCE_KEY, world } from '../world/resolve.ts';

const CHAT = AppId.parse('chat');
const ISO = (ms: number) => new Date(ms).toISOString();
const Page = z.object({
  accounts: z.array(
    z.object({ account: z.string(), devices: z.array(z.object({ app: z.string(), token: z.string() })) }),
  ),
  cursor: z.string().optional(),
});

test('the devices of an account are those bound in all apps of the reader, the newest bind first', async () => {
  const { apply, resolve } = world();
  await apply(
    { ...override(5, ['alice'], { session: 's1' }), untilMs: 2_000_000 },
    { ...override(7, ['alice']), app: CHAT },
    { ...override(9, ['alice']), app: AppId.parse('bank') },
    moved(override(8, ['alice']), 'tablet'),
    moved(override(9, ['bob']), 'tablet'),
  );
  const device = (app: string, platform: string, ms: number) => ({ app, platform, token: 'phone', bound_at: ISO(ms) });
  expect(await resolve({ accounts: [{ account: 'alice' }, { account: 'erin', account_type: 3 }] })).toEqual({
    accounts: [
      {
        account: 'alice',
        account_type: 0,
        devices: [
          { ...device('chat', 'ios', 7), fence: expect.stringMatching(/^[\w-]{12}$/) },
          { ...device('shop', 'android', 5), fence: expect.stringMatching(/^[\w-]{12}$/), expires_at: ISO(2_000_000) },
        ],
      },
      { account: 'erin', account_type: 3, devices: [] },
    ],
  });
});

test('both questions answer with the fence of the bind', async () => {
  const { apply, resolve, devices, store } = world();
  await apply(override(5, ['alice'], { session: 's1' }));
  const ref = { app: AppId.parse('shop'), token: token('phone') };
  const [stored] = await store.documents([ref]);
  const edge = stored && 'document' in stored ? (stored.document.edges['0#alice'] ?? '') : '';
  const fence = fenceOf(FENCE_KEY, ref, account('alice'), edge);
  expect(await resolve({ accounts: [{ account: 'alice' }] })).toMatchObject({ accounts: [{ devices: [{ fence }] }] });
  expect(await devices({ tokens: ['phone'] })).toMatchObject({ devices: [{ accounts: [{ fence }] }] });
});

test('the accounts of a token are those of all apps of the reader', async () => {
  const { apply, devices } = world();
  await apply(bind(5, ['alice']), { ...bind(6, ['bob:2']), untilMs: 2_000_000 }, { ...bind(7, ['carol']), app: CHAT });
  const entry = (app: string, platform: string, name: string, type: number, ms: number) => ({
    app,
    platform,
    account: name,
    account_type: type,
    bound_at: ISO(ms),
    fence: expect.any(String),
  });
  expect(await devices({ tokens: ['phone', 'watch', 'phone'] })).toEqual({
    devices: [
      {
        token: 'phone',
        accounts: [
          { ...entry('shop', 'android', 'bob', 2, 6), expires_at: ISO(2_000_000) },
          entry('shop', 'android', 'alice', 0, 5),
          entry('chat', 'ios', 'carol', 0, 7),
        ],
      },
      { token: 'watch', accounts: [] },
    ],
  });
  expect(await devices({ tokens: ['phone'], apps: ['chat'] })).toMatchObject({
    devices: [{ accounts: [{ account: 'carol' }] }],
  });
});

test('an account that is named twice is answered once, and one that lost its devices has none', async () => {
  const { apply, resolve } = world();
  await apply(bind(5, ['alice', 'bob', 'carol']), unbindEverywhere(6, 'alice'), { ...bind(7, ['carol']), untilMs: 9 });
  const named = ['bob', 'alice', 'bob', 'carol'].map((name) => ({ account: name }));
  expect(Page.parse(await resolve({ accounts: named })).accounts).toMatchObject([
    { account: 'bob', devices: [{ token: 'phone' }] },
    { account: 'alice', devices: [] },
    { account: 'carol', devices: [] },
  ]);
});

test('a token of iOS is found in either spelling, and an old spelling in the registry is not shown', async () => {
  const { apply, resolve, devices } = world();
  const [lower, upper] = ['ab'.repeat(32), 'AB'.repeat(32)];
  await apply(
    { ...moved(bind(5, ['alice']), lower), app: CHAT },
    { ...moved(bind(6, ['alice']), upper), app: CHAT },
    moved(bind(7, ['alice']), upper),
  );
  const answer = Page.parse(await resolve({ accounts: [{ account: 'alice' }] }));
  expect(answer.accounts[0]?.devices).toMatchObject([
    { app: 'shop', token: upper },
    { app: 'chat', token: lower },
  ]);
  expect(await devices({ tokens: [upper], apps: ['chat'] })).toMatchObject({
    devices: [{ token: upper, accounts: [{ account: 'alice' }] }],
  });
});

test('all devices of many accounts are read page by page, each once, and each account is named', async () => {
  const { apply, resolve } = world();
  const phones = Array.from({ length: 1_210 }, (_, i) => `phone-${i}`);
  await apply(...phones.map((name, i) => moved(bind(i, ['alice', ...(i % 10 === 0 ? ['bob'] : [])]), name)));
  await apply(...phones.slice(0, 100).map((name, i) => moved(unbindAll(5_000 + i), name)));
  await apply({ ...bind(1, ['bob']), app: CHAT });
  const accounts = ['erin', 'alice', 'frank', 'bob', 'grace'].map((name) => ({ account: name }));
  const found = new Map<string, string[]>();
  let [pages, cursor]: [number, string | undefined] = [0, undefined];
  do {
    const page = Page.parse(await resolve({ accounts, ...(cursor && { cursor }) }));
    for (const { account: name, devices } of page.accounts)
      found.set(name, [...(found.get(name) ?? []), ...devices.map((one) => one.token)]);
    [pages, cursor] = [pages + 1, page.cursor];
  } while (cursor !== undefined);
  const own = phones.slice(100);
  expect(pages).toBe(3);
  expect([...found.keys()]).toEqual(accounts.map((one) => one.account));
  expect(found.get('alice')?.sort()).toEqual(own.toSorted());
  expect(found.get('bob')?.sort()).toEqual([...own.filter((_, i) => i % 10 === 0), 'phone'].sort());
});

test('a cursor belongs to its question: the same accounts and apps', async () => {
  const { apply, resolve, send } = world();
  await apply(...Array.from({ length: 501 }, (_, i) => moved(bind(i, ['alice']), `phone-${i}`)));
  const accounts = [{ account: 'alice' }];
  const { cursor } = Page.parse(await resolve({ accounts }));
  const withCursor = (question: object) => resolve({ ...question, cursor });
  expect(Page.parse(await withCursor({ accounts })).accounts[0]?.devices).toHaveLength(1);
  expect(Page.parse(await withCursor({ accounts, apps: ['chat', 'shop'] })).cursor).toBeUndefined();
  const invalid = { code: 'invalid_cursor' };
  expect(await withCursor({ accounts, apps: ['shop'] })).toMatchObject(invalid);
  expect(await withCursor({ accounts: [...accounts, { account: 'bob' }] })).toMatchObject(invalid);
  expect(await withCursor({ accounts: [{ account: 'alice', account_type: 1 }] })).toMatchObject(invalid);
  const asOther = { headers: { authorization: 'Bearer newest-of-other' }, body: JSON.stringify({ accounts, cursor }) };
  expect(await send(asOther)).toMatchObject({ status: 400, body: invalid });
});

test('a question about tokens with more than 2,500 accounts is refused, and fewer tokens are answered', async () => {
  const { apply, devices } = world();
  const tokens = Array.from({ length: 21 }, (_, i) => `kiosk-${i}`);
  const names = Array.from({ length: 120 }, (_, i) => `user-${i}`);
  for (const [i, name] of names.entries()) await apply(...tokens.map((kiosk) => moved(bind(i, [name]), kiosk)));
  expect(await devices({ tokens })).toMatchObject({ status: 413, code: 'too_many_accounts' });
  const answer = z.object({ devices: z.array(z.object({ accounts: z.array(z.unknown()) })) });
  const { devices: shown } = answer.parse(await devices({ tokens: tokens.slice(1) }));
  expect(shown.flatMap(({ accounts }) => accounts)).toHaveLength(2_400);
});
