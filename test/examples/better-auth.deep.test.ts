import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { bearer, jwt } from 'better-auth/plugins';
import { afterAll, expect, test } from 'vitest';
import * as z from 'zod';
import { Configuration } from '../../functions/core/bindery-json.ts';
import { startLocal } from '../../local/instance.ts';
import { exampleConfiguration, sharedInstance } from '../local/instance.ts';
import { backEnd, binderyModule, snippet } from './hooks.ts';

const server = createServer((request, response) => void toNodeHandler(provider().auth)(request, response));
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
afterAll(() => void server.close());
const address = server.address();
const BASE = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

const shared = sharedInstance(() => {
  const apps = exampleConfiguration().apps.map(({ id }) => id);
  const identity = { id: 'better-auth', apps, issuer: BASE, audience: [BASE], jwks: `${BASE}/api/auth/jwks` };
  return startLocal({
    configuration: Configuration.parse({ ...exampleConfiguration(), identities: [identity] }),
    port: 0,
  });
});
const { tokensOf, becomes } = backEnd(() => shared().instance);

type Provider = { readonly auth: ReturnType<typeof betterAuth> } & Pick<
  ReturnType<typeof binderyModule>,
  'network' | 'later'
>;
let made: Provider | undefined;

/** Better Auth with the options of the page, whose server is at BASE. */
function provider(): Provider {
  if (made !== undefined) return made;
  const { report, network, later } = binderyModule(shared().instance);
  const database = memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] });
  const user = { deleteUser: { enabled: true } };
  const secret = 'a secret of the test, 32 letters or more';
  const options = { baseURL: BASE, secret, database, user, emailAndPassword: { enabled: true } };
  const names = { betterAuth, bearer, jwt, options, report };
  // The page's constant, which the type repeats.
  const { auth } = snippet('Better Auth', names, 'auth') as Pick<Provider, 'auth'>;
  made = { auth, network, later };
  return made;
}

const Answer = z.looseObject({
  user: z.optional(z.object({ id: z.string() })),
  token: z.optional(z.nullable(z.string())),
});

/** A phone that calls Better Auth with its push token and the bearer of its session. */
function phone(push: Readonly<Record<string, string>>) {
  const kept = { bearer: '' };
  const call = async (path: string, body?: object) => {
    const headers = {
      'content-type': 'application/json',
      ...push,
      ...(kept.bearer && { authorization: `Bearer ${kept.bearer}` }),
    };
    const request = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await fetch(`${BASE}/api/auth/${path}`, request);
    kept.bearer = response.headers.get('set-auth-token') ?? kept.bearer;
    expect([path, response.status]).toEqual([path, 200]);
    const answer: unknown = await response.json();
    return Answer.parse(answer);
  };
  return { call };
}

const NO_USER = { id: 'no user' };
const person = (name: string) => ({ name, email: `${name}@example.com`, password: 'a long password' });

test('Better Auth: a login binds the phone, and the end of a session or an account unbinds it', async () => {
  const push = { 'x-push-token': 'hooks-5' };
  const [one, two] = [phone(push), phone({ 'x-push-token': 'hooks-6' })];
  const { user: { id } = NO_USER } = await one.call('sign-up/email', person('carol'));
  await two.call('sign-in/email', person('carol'));
  await becomes(id, ['hooks-5', 'hooks-6']);
  await one.call('sign-out', {});
  await becomes(id, ['hooks-6']);
  await one.call('sign-in/email', person('carol'));
  await becomes(id, ['hooks-5', 'hooks-6']);
  await one.call('revoke-other-sessions', {});
  await becomes(id, ['hooks-5']);
  const { password } = person('carol');
  push['x-push-token'] = 'hooks-7';
  await one.call('change-password', { currentPassword: password, newPassword: password, revokeOtherSessions: true });
  await becomes(id, ['hooks-7']);
  await one.call('delete-user', { password });
  await becomes(id, []);
});

test('Better Auth: a phone signs in with the JWT, and its sign-out at Better Auth ends that', async () => {
  const one = phone({});
  const { user: { id } = NO_USER } = await one.call('sign-up/email', person('dave'));
  const { token } = await one.call('token');
  const response = await fetch(`${shared().instance.url}/devices/xg-android/sign-in`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ token: 'hooks-8' }),
  });
  expect([response.status, await tokensOf(id)]).toEqual([200, ['hooks-8']]);
  await one.call('sign-out', {});
  await becomes(id, []);
});

test('Better Auth: a login and a logout succeed while Bindery is away, and count later', async () => {
  const { network, later } = provider();
  network.isOn = false;
  const one = phone({ 'x-push-token': 'hooks-9' });
  const { user: { id } = NO_USER } = await one.call('sign-up/email', person('erin'));
  await one.call('sign-out', {});
  await one.call('sign-in/email', person('erin'));
  await expect.poll(() => later.length, { timeout: 10_000 }).toBe(3);
  network.isOn = true;
  for (const { run } of later.reverse()) await run();
  expect(await tokensOf(id)).toEqual(['hooks-9']);
});
