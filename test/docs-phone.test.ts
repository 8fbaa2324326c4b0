import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, sharedInstance } from './local/instance.ts';
import { bearerOf, boundTo } from './local/phone.ts';

/** The code for a phone in docs/phone.md, in TypeScript. */
const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/phone.md'), 'utf8')) ?? [];

const shared = sharedInstance();

type Phone = {
  readonly signIn: (
    pushToken: string,
    installation: string,
    bearer: (fresh: boolean) => Promise<string>,
  ) => Promise<void>;
  readonly signOut: () => Promise<void>;
  readonly flush: () => Promise<void>;
  readonly isMine: (data: { fence?: string }) => Promise<boolean>;
};

/** A phone that runs the code of the page, with a storage of its own and a network that can be off. */
function phone() {
  const kept = new Map<string, string>();
  const Storage = {
    getItem: async (key: string) => kept.get(key) ?? null,
    setItem: async (key: string, value: string) => void kept.set(key, value),
    removeItem: async (key: string) => void kept.delete(key),
    getAllKeys: async () => [...kept.keys()],
    multiSet: async (all: [string, string][]) => all.forEach(([key, value]) => void kept.set(key, value)),
    multiRemove: async (keys: string[]) => keys.forEach((key) => void kept.delete(key)),
  };
  const network = { isOn: true };
  const over: typeof fetch = (...call) => (network.isOn ? fetch(...call) : Promise.reject(new TypeError('offline')));
  const body = stripTypeScriptTypes(code.replace(/^import .*$/m, '').replaceAll(/^export /gm, ''));
  const make = new Function(
    'Storage',
    'fetch',
    'BINDERY_URL',
    'BINDERY_APP',
    `${body}; return { signIn, signOut, flush, isMine };`,
  );
  // The page's functions, which the type above repeats.
  const calls = make(Storage, over, shared().instance.url, 'xg-android') as Phone;
  return { ...calls, kept, network };
}

const as = (account: string, session?: string) => async () => bearerOf(shared().instance, account, session);
const fenceFor = async (account: string) => (await boundTo(shared().instance, account))[0]?.fence ?? '';

test("the page's code signs a phone in, and the fence of a message for its account is the phone's", async () => {
  const one = phone();
  await one.signIn('page-1', 'installation-1', as('alice-1'));
  expect(await boundTo(shared().instance, 'alice-1')).toMatchObject([{ app: 'xg-android', token: 'page-1' }]);
  expect(await one.isMine({ fence: await fenceFor('alice-1') })).toBe(true);
  expect(await one.isMine({})).toBe(false);
});

test("a second person signs in on the phone: the first one's late sign-out changes nothing, her message is not shown", async () => {
  const one = phone();
  await one.signIn('page-2', 'installation-2', as('alice-2'));
  const stored = { fence: await fenceFor('alice-2') };
  one.network.isOn = false;
  await one.signOut();
  one.network.isOn = true;
  await one.signIn('page-2', 'installation-2', as('bob-2'));
  await one.flush();
  expect(await boundTo(shared().instance, 'bob-2')).toMatchObject([{ token: 'page-2' }]);
  expect(await boundTo(shared().instance, 'alice-2')).toEqual([]);
  expect(await one.isMine(stored)).toBe(false);
  expect(await one.isMine({ fence: await fenceFor('bob-2') })).toBe(true);
  expect([...one.kept.keys()].filter((key) => key.startsWith('ended'))).toEqual([]);
});

test('a sign-out while receipts of earlier ones are on their way is not lost', async () => {
  const one = phone();
  await one.signIn('page-5', 'installation-5', as('alice-5'));
  one.network.isOn = false;
  await one.signOut();
  one.network.isOn = true;
  const flushing = one.flush();
  await one.signIn('page-5', 'installation-5', as('bob-5'));
  one.network.isOn = false;
  await one.signOut();
  await flushing;
  one.network.isOn = true;
  await one.flush();
  expect(await boundTo(shared().instance, 'bob-5')).toEqual([]);
});

test('a sign-out without a network ends the binding as soon as there is one, and messages are not shown meanwhile', async () => {
  const one = phone();
  await one.signIn('page-3', 'installation-3', as('alice-3'));
  const stored = { fence: await fenceFor('alice-3') };
  one.network.isOn = false;
  await one.signOut();
  expect(await one.isMine(stored)).toBe(false);
  expect(await boundTo(shared().instance, 'alice-3')).toHaveLength(1);
  one.network.isOn = true;
  await one.flush();
  expect(await boundTo(shared().instance, 'alice-3')).toEqual([]);
});

test("a bearer of a session that has ended is refused, and the page's code asks for a fresh one once", async () => {
  const one = phone();
  const ended = await bearerOf(shared().instance, 'alice-4', 'session-4');
  await one.signIn('page-4', 'installation-4', async () => ended);
  await one.signOut();
  const asked: boolean[] = [];
  await one.signIn('page-4', 'installation-4', async (fresh) => {
    asked.push(fresh);
    return fresh ? bearerOf(shared().instance, 'alice-4', 'session-5') : ended;
  });
  expect(asked).toEqual([false, true]);
  expect(await boundTo(shared().instance, 'alice-4')).toHaveLength(1);
});
