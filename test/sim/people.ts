import type { Account, Token } from '../../functions/core/account.ts';
import type { App } from '../../functions/core/configuration.ts';
import { present, type Random } from './random.ts';
import { CANARY, type Scene } from './scene.ts';
import { DAY_MS } from './timeline.ts';

/** An operation as it should come out of an event, without its stamp. Times in ms since 1970. */
export type Expectation = {
  readonly kind: string;
  readonly app: string;
  readonly ms: number;
  readonly token?: string;
  readonly accounts: readonly { readonly type: number; readonly id: string }[];
  readonly scope: 'token' | 'types' | undefined;
  readonly hasSession: boolean;
  readonly untilMs?: number;
  /** The token whose accounts it moves: those that are bound there when it is accepted. If there are none, it is missing. */
  readonly movedFrom?: Token;
};

/** Something that happened in the app's auth flow, as its backend tells it, and what that means. */
export type SentEvent = {
  readonly json: { readonly type: string; readonly timestamp: string; readonly id: string; readonly data: object };
  readonly expected: readonly Expectation[];
};

/** The sender of events. `sessions`: by month, the sessions of the phones as the backend knows them. */
export type Backend = {
  readonly random: Random;
  readonly scene: Scene;
  readonly sessions: Map<number, Map<string, string>>;
};

/** The part of the backend that an event is drawn from. `sessions`: those of the month, by app and token. */
type Desk = Omit<Backend, 'sessions'> & { readonly sessions: Map<string, string> };

/** Session ids are not used again after a month: the service forgets an ended session 49 days after its end. */
const MONTH_MS = 30 * DAY_MS;

type Draft = { readonly type: string; readonly data: object; readonly expected: readonly Omit<Expectation, 'ms'>[] };

/** Draws what people do next: sign in, sign out, switch users, get a new token. `ms` is when, by the backend's clock. */
export function drawEvent(backend: Backend, ms: number, id: string): SentEvent {
  const { random, scene } = backend;
  const draw = random.next();
  const what =
    draw < 0.45 ? login : draw < 0.65 ? logout : draw < 0.75 ? accountLogout : draw < 0.88 ? everywhere : tokenChanged;
  const desk = { random, scene, sessions: sessionsAt(backend, ms) };
  const { type, data, expected } = what(desk, random.pick(scene.apps), random.pick(scene.tokens), { id, ms });
  // Some backends write whole seconds.
  const unit = random.chance(0.1) ? 1_000 : 1;
  const from = Math.floor(ms / unit) * unit;
  const timestamp = new Date(from).toISOString().replace(unit === 1 ? '' : '.000', '');
  const at = ({ kind }: { kind: string }) => ({ ms: kind.startsWith('bind') ? from : from + unit - 1 });
  return { json: { type, timestamp, id, data }, expected: expected.map((one) => ({ ...one, ...at(one) })) };
}

function sessionsAt({ sessions }: Backend, ms: number): Map<string, string> {
  const month = Math.floor(ms / MONTH_MS);
  const known = sessions.get(month) ?? new Map<string, string>();
  sessions.set(month, known);
  return known;
}

/** An event's id, and when it happens by the backend's clock (ms since 1970). */
type Moment = { readonly id: string; readonly ms: number };

function login({ random, scene, sessions }: Desk, app: App, token: Token, { id, ms }: Moment): Draft {
  const accounts = random.shuffled(scene.accounts).slice(0, random.chance(0.3) ? 2 : 1);
  const mode = random.chance(0.3) ? 'append' : 'override';
  const session = random.chance(0.5) ? `${CANARY} session of ${id}` : undefined;
  if (session) sessions.set(`${app.id} ${token}`, session);
  else sessions.delete(`${app.id} ${token}`);
  const who = accounts.length > 1 ? { accounts: accounts.map(named) } : named(present(accounts[0]));
  const installation = random.chance(0.25) && { installation_id: `${CANARY} installation` };
  const untilMs = scene.hasLeases && random.chance(0.25) && Math.ceil(ms + random.logUniform(1, 20 * DAY_MS));
  const lease = untilMs && { expires_at: new Date(untilMs).toISOString() };
  const data = { app: app.id, token, mode, ...who, ...(session && { session_id: session }), ...installation, ...lease };
  const expected = { ...bindOf(app, mode, token, accounts, session !== undefined), ...(untilMs && { untilMs }) };
  return { type: 'user.login', data, expected: [expected] };
}

function logout({ sessions }: Desk, app: App, token: Token): Draft {
  const session = sessions.get(`${app.id} ${token}`);
  const data = { app: app.id, token, ...(session && { session_id: session }) };
  return { type: 'user.logout', data, expected: [clearOf(app, token, session !== undefined)] };
}

function accountLogout({ random, scene, sessions }: Desk, app: App, token: Token): Draft {
  const session = sessions.get(`${app.id} ${token}`);
  const account = random.pick(scene.accounts);
  if (session && random.chance(0.6)) return sessionLogout(random, app, session, token, account);
  const data = { app: app.id, token, scope: 'account', ...named(account), ...(session && { session_id: session }) };
  const expected = { ...clearOf(app, token, session !== undefined), kind: 'unbind', accounts: [account] };
  return { type: 'user.logout', data, expected: [expected] };
}

/** The session ends on the token, or of the account on all tokens, or both. */
function sessionLogout(random: Random, app: App, session_id: string, token: Token, account: Account): Draft {
  const [onToken, ofAccount] = random.pick([
    [true, false],
    [false, true],
    [true, true],
  ]);
  const data = {
    app: app.id,
    scope: 'session',
    session_id,
    ...(onToken && { token }),
    ...(ofAccount && named(account)),
  };
  const whole = { ...clearOf(app, token, true), kind: 'endSession' };
  const expected = [...(onToken ? [whole] : []), ...(ofAccount ? [accountOf('endAccountSession', app, account)] : [])];
  return { type: 'user.logout', data, expected };
}

function everywhere({ random, scene, sessions }: Desk, app: App): Draft {
  const account = random.pick(scene.accounts);
  const isEverywhere = random.chance(0.5);
  const type = random.pick(['user.logout_everywhere', 'user.deleted']);
  const apps = isEverywhere ? scene.apps : [app];
  const session_id = type === 'user.deleted' || random.chance(0.5) ? undefined : [...sessions.values()].at(-1);
  const kind = session_id ? 'unbindAccountFromOthers' : 'unbindAccountFromAll';
  const expected = apps.map((one) => accountOf(kind, one, account));
  const except = session_id && { except: { session_id } };
  return { type, data: { ...named(account), ...(isEverywhere ? {} : { app: app.id }), ...except }, expected };
}

function tokenChanged(desk: Desk, app: App, token: Token): Draft {
  const { random, scene, sessions } = desk;
  if (scene.tokens.length === 1) return logout(desk, app, token);
  const old = random.pick(scene.tokens.filter((other) => other !== token));
  const accounts = random.chance(0.2) ? [] : [random.pick(scene.accounts)];
  const session = sessions.get(`${app.id} ${old}`);
  if (session) sessions.set(`${app.id} ${token}`, session);
  const data = { app: app.id, old_token: old, token, ...(session && { session_id: session }) };
  if (random.chance(0.75)) {
    const moved = { ...bindOf(app, 'override', token, [], session !== undefined), movedFrom: old };
    return { type: 'device.token_changed', data, expected: [clearOf(app, old), moved] };
  }
  const now =
    accounts.length === 0 ? clearOf(app, token) : bindOf(app, 'override', token, accounts, session !== undefined);
  const all = { ...data, accounts: accounts.map(named) };
  return { type: 'device.token_changed', data: all, expected: [clearOf(app, old), now] };
}

const named = ({ type, id }: Account) => ({ account: id, account_type: type });

const clearOf = ({ id: app }: App, token: Token, hasSession = false) =>
  ({ kind: 'unbindTokenFromAll', app, token, accounts: [], scope: undefined, hasSession }) as const;

const accountOf = (kind: string, { id: app }: App, account: Account) => ({
  kind,
  app,
  accounts: [account],
  scope: undefined,
  hasSession: kind !== 'unbindAccountFromAll',
});

/** If a token may have one account of each type, every bind replaces those of its types. */
function bindOf({ id, policy }: App, mode: string, token: Token, accounts: readonly Account[], hasSession: boolean) {
  const scope = policy === 'one-per-type' ? 'types' : mode === 'override' ? 'token' : undefined;
  return { kind: scope ? 'bindOverriding' : 'bind', app: id, token, accounts, scope, hasSession } as const;
}
