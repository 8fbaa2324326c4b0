import { createHash, randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { sharedInstance } from '../local/instance.ts';
import { backEnd, binderyModule, type Report, snippet } from './hooks.ts';

const shared = sharedInstance();
const { login, tokensOf, becomes } = backEnd(() => shared().instance);

test('an event that Bindery does not take is sent each minute with its own time, and the hook never fails', async () => {
  const { report, network, later, errors } = binderyModule(shared().instance);
  await login('hooks-ann', 'hooks-1', 's-1');
  network.isOn = false;
  await report('user.logout', { scope: 'session', session_id: 's-1', account: 'hooks-ann' });
  expect(later).toMatchObject([{ ms: 60_000 }]);
  expect(`${errors.mock.calls}`).not.toContain('hooks-ann');
  await later[0]?.run();
  expect(later).toHaveLength(2);
  await login('hooks-ann', 'hooks-2', 's-2');
  network.isOn = true;
  await later[1]?.run();
  expect(await tokensOf('hooks-ann')).toEqual(['hooks-2']);
  await report('user.logout', { scope: 'session', account: 'hooks-ann' });
  expect([later.length, `${errors.mock.lastCall}`]).toEqual([2, expect.stringContaining('invalid_event')]);
});

type Firebase = {
  readonly accountDeleted: (user: { uid: string }, context: { timestamp: string }) => Promise<unknown>;
  readonly signOutEverywhere: (uid: string) => Promise<void>;
};

test('Firebase: a deleted account leaves every phone, and a failure is thrown so that Firebase calls again', async () => {
  const { bindery, report, network } = binderyModule(shared().instance);
  const revokeRefreshTokens = vi.fn(async (_uid: string) => {});
  // `makeCloudFunction` of firebase-functions calls the handler with the user and the context.
  const runWith = () => ({ auth: { user: () => ({ onDelete: (handler: unknown) => handler }) } });
  const names = { bindery, report, runWith, getAuth: () => ({ revokeRefreshTokens }) };
  const own = snippet('Firebase', names, 'accountDeleted, signOutEverywhere') as Firebase;
  await login('hooks-bob', 'hooks-3');
  network.isOn = false;
  const event = [{ uid: 'hooks-bob' }, { timestamp: new Date().toISOString() }] as const;
  await expect(own.accountDeleted(...event)).rejects.toThrow('gave up');
  network.isOn = true;
  await own.accountDeleted(...event);
  expect(await tokensOf('hooks-bob')).toEqual([]);
  await login('hooks-eve', 'hooks-4');
  await own.signOutEverywhere('hooks-eve');
  expect([revokeRefreshTokens.mock.calls, await tokensOf('hooks-eve')]).toEqual([[['hooks-eve']], []]);
  network.isOn = false;
  await own.signOutEverywhere('hooks-eve');
});

type Session = { readonly sessionHandle: string; readonly userId: string };
type Overrides = { readonly [name: string]: (input: object) => Promise<unknown> };
type Recipe = { readonly override: { readonly functions: (original: object) => Overrides } };

/** SuperTokens without its core: sessions in a map, and the functions that its API, its dashboard and an app call. */
function superTokens(report: Report) {
  const sessions = new Map<string, Session>();
  const original = {
    createNewSession: async ({ userId }: Session) => {
      const session = { sessionHandle: `handle-${sessions.size}-of-${userId}`, userId };
      sessions.set(session.sessionHandle, session);
      return { getUserId: () => userId, getHandle: () => session.sessionHandle };
    },
    getSessionInformation: async ({ sessionHandle }: Session) => sessions.get(sessionHandle),
    revokeSession: async ({ sessionHandle }: Session) => sessions.delete(sessionHandle),
    revokeMultipleSessions: async ({ sessionHandles }: { sessionHandles: string[] }) =>
      sessionHandles.filter((handle) => sessions.delete(handle)),
    revokeAllSessionsForUser: async (user: Session) =>
      [...sessions.values()].filter(({ userId }) => userId === user.userId).map(({ sessionHandle }) => sessionHandle),
    deleteUser: async () => ({ status: 'OK' }),
  };
  const init = ({ override }: Recipe) => override.functions(original);
  const getRequestFromUserContext = ({ push }: { push?: string }) => ({ getHeaderValue: () => push });
  const names = { report, recipes: [], getRequestFromUserContext, Session: { init }, AccountLinking: { init } };
  const { recipeList } = snippet('SuperTokens', names, 'recipeList') as { recipeList: [Overrides, Overrides] };
  const call = (name: string, input: object) => recipeList[name === 'deleteUser' ? 1 : 0][name]?.(input);
  const signIn = async (userId: string, push: string) => {
    await call('createNewSession', { userId, tenantId: 'public', userContext: { push } });
    return [...sessions.keys()].at(-1) ?? '';
  };
  return { call, signIn };
}

const userContext = {};

test('SuperTokens: every function that ends sessions unbinds their phones, and no other', async () => {
  const { call, signIn } = superTokens(binderyModule(shared().instance).report);
  const handles = [];
  for (const n of [1, 2, 3, 4, 5]) handles.push(await signIn('hooks-finn', `hooks-st-${n}`));
  await becomes('hooks-finn', ['hooks-st-1', 'hooks-st-2', 'hooks-st-3', 'hooks-st-4', 'hooks-st-5']);
  expect(await call('revokeSession', { sessionHandle: handles[0], userContext })).toBe(true);
  await becomes('hooks-finn', ['hooks-st-2', 'hooks-st-3', 'hooks-st-4', 'hooks-st-5']);
  expect(await call('revokeMultipleSessions', { sessionHandles: handles.slice(1, 3), userContext })).toHaveLength(2);
  await becomes('hooks-finn', ['hooks-st-4', 'hooks-st-5']);
  const all = { userId: 'hooks-finn', revokeSessionsForLinkedAccounts: true, tenantId: 'public', userContext };
  await login('hooks-finn', 'hooks-st-6', 'of another tenant');
  await call('revokeAllSessionsForUser', { ...all, revokeAcrossAllTenants: false });
  await becomes('hooks-finn', ['hooks-st-6']);
  await call('revokeAllSessionsForUser', { ...all, revokeAcrossAllTenants: true });
  await becomes('hooks-finn', []);
  await login('hooks-gus', 'hooks-st-7');
  const user = { userId: 'hooks-gus', removeAllLinkedAccounts: true, userContext };
  expect(await call('deleteUser', user)).toEqual({ status: 'OK' });
  await becomes('hooks-gus', []);
});

test('SuperTokens: logins and logouts succeed while Bindery is away', async () => {
  const { report, network, later } = binderyModule(shared().instance);
  network.isOn = false;
  const { call, signIn } = superTokens(report);
  const sessionHandle = await signIn('hooks-hal', 'hooks-st-8');
  expect(await call('revokeSession', { sessionHandle, userContext })).toBe(true);
  await expect.poll(() => later.length, { timeout: 10_000 }).toBe(2);
});

type Message = { readonly token: { sub?: string; sid?: string } | null } | { readonly session: unknown };
type Callbacks = {
  readonly jwt: (message: object) => { sub: string; sid: string };
  readonly session: (message: object) => { user: { id: string }; sid: string };
};
type AuthJs = {
  readonly handlers: {
    readonly callbacks: Callbacks;
    readonly events: { readonly signOut: (message: Message) => void };
  };
  readonly reporting: (adapter: object) => { readonly deleteSession: (sessionToken: string) => Promise<unknown> };
  readonly POST: (request: Request) => Promise<Response>;
};

/** The code of the page for Auth.js, and the session that a request has. */
function authJs(report: Report) {
  const request: { session?: unknown } = {};
  const NextAuth = (handlers: unknown) => ({ handlers, auth: async () => request.session });
  const names = { report, createHash, randomUUID, NextAuth, config: {} };
  const own = snippet('Auth.js', names, 'handlers, reporting, POST') as AuthJs;
  const sendToken = async (token: string) =>
    (await own.POST(new Request('http://app/push-token', { method: 'POST', body: JSON.stringify({ token }) }))).status;
  return { ...own, ...own.handlers, request, sendToken };
}

const expires = new Date(Date.now() + 3_600_000);
const user = { id: 'hooks-ida', name: 'Ida', email: 'ida@example.com', image: null, emailVerified: null };

test('Auth.js, JWT sessions: a sign-out ends what the session bound, whose id outlives the renewal of the JWT', async () => {
  const { callbacks, events, request, sendToken } = authJs(binderyModule(shared().instance).report);
  expect(await sendToken('hooks-9')).toBe(401);
  const signedIn = callbacks.jwt({ token: { sub: 'hooks-ida' }, user, account: { type: 'oauth' }, trigger: 'signIn' });
  const token = callbacks.jwt({ token: { ...signedIn, jti: 'another' }, session: undefined });
  request.session = callbacks.session({ session: { user: { name: 'Ida' }, expires }, token });
  expect(await sendToken('hooks-9')).toBe(204);
  await login('hooks-ida', 'hooks-10', 'another session');
  expect(await tokensOf('hooks-ida')).toEqual(['hooks-10', 'hooks-9']);
  events.signOut({ token });
  await becomes('hooks-ida', ['hooks-10']);
  events.signOut({ token: null });
});

test('Auth.js, database sessions: a deleted session ends what it bound, and its token goes nowhere', async () => {
  const own = binderyModule(shared().instance);
  const report = vi.fn(own.report);
  const { callbacks, events, request, reporting, sendToken } = authJs(report);
  const session = { sessionToken: 'a secret token', userId: 'hooks-jon', expires };
  const stored = new Map([[session.sessionToken, { session, user: { ...user, id: 'hooks-jon' } }]]);
  const adapter = reporting({
    getSessionAndUser: async (sessionToken: string) => stored.get(sessionToken) ?? null,
    deleteSession: async (sessionToken: string) => void stored.delete(sessionToken),
  });
  request.session = callbacks.session({ session: { ...session, user: { ...user, id: 'hooks-jon' } } });
  expect(await sendToken('hooks-11')).toBe(204);
  expect(await tokensOf('hooks-jon')).toEqual(['hooks-11']);
  own.network.isOn = false;
  events.signOut({ session: await adapter.deleteSession('a secret token') });
  await expect.poll(() => own.later.length, { timeout: 10_000 }).toBe(1);
  own.network.isOn = true;
  await own.later[0]?.run();
  expect(await tokensOf('hooks-jon')).toEqual([]);
  expect(JSON.stringify([request.session, report.mock.calls])).not.toContain('a secret token');
  await adapter.deleteSession('a secret token');
  expect(report).toHaveBeenCalledTimes(2);
});
