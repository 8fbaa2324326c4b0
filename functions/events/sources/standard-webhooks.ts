import * as z from 'zod/mini';
import { type Account, AccountId, AccountType, NewAccountId, NewToken, Platform, Token } from '../../core/account.ts';
import { type App, AppId } from '../../core/configuration.ts';
import { installationOf, sessionOf } from '../../core/operation.ts';
import { LAST_MS } from '../../core/stamp.ts';
import { WrittenTime } from '../../core/time.ts';
import { type Issue, valueAt, wordsFor } from '../../lambda/issues.ts';
import { inApp, wrong } from '../app-choice.ts';
import type { AuthEvent } from '../auth-event.ts';
import { PublicKey, signedJson, webhookKey } from '../signature.ts';
import { type Fact, type Reach, type Refused, sourceKind } from '../source.ts';

/** The most events in one request. */
export const MAX_EVENTS = 100;

/** The most accounts in one event. */
const MAX_ACCOUNTS = 10;

const SessionId = z.string().check(z.minLength(1), z.maxLength(256));
const InstallationId = SessionId;
const AccountInput = z.strictObject({ account: AccountId, account_type: z.optional(AccountType) });
const NewAccount = z.extend(AccountInput, { account: NewAccountId });
const onApp = { app: z.optional(AppId), platform: z.optional(Platform) };

const LoginData = z
  .strictObject({
    ...onApp,
    token: NewToken,
    account: z.optional(NewAccountId),
    account_type: z.optional(AccountType),
    accounts: z.optional(z.array(NewAccount).check(z.minLength(1), z.maxLength(MAX_ACCOUNTS))),
    mode: z._default(z.enum(['override', 'append']), 'override'),
    session_id: z.optional(SessionId),
    installation_id: z.optional(InstallationId),
    expires_at: z.optional(WrittenTime),
  })
  .check(
    z.refine(({ account, accounts }) => (account === undefined) !== (accounts === undefined), {
      path: ['account'],
      message: 'is missing, or "accounts" is there too: a login has one of them',
    }),
    z.refine(({ accounts, account_type }) => accounts === undefined || account_type === undefined, {
      path: ['account_type'],
      message: 'belongs to "account"; each of "accounts" has its own',
    }),
  );

/** Other rules between these fields are those of `logoutOf`. */
const LogoutData = z
  .strictObject({
    ...onApp,
    token: z.optional(Token),
    scope: z._default(z.enum(['token', 'account', 'session']), 'token'),
    account: z.optional(AccountId),
    account_type: z.optional(AccountType),
    session_id: z.optional(SessionId),
  })
  .check(
    z.refine(({ scope, account }) => scope !== 'token' || account === undefined, {
      path: ['account'],
      message: 'needs "scope": "account"; without it every account leaves the token',
    }),
    z.refine(({ account, account_type }) => account !== undefined || account_type === undefined, {
      path: ['account_type'],
      message: 'belongs to "account", which is missing',
    }),
  );

const DeletedData = z.strictObject({ app: z.optional(AppId), ...AccountInput.shape });
const EverywhereData = z.extend(DeletedData, { except: z.optional(z.strictObject({ session_id: SessionId })) });

const TokenChangedData = z.strictObject({
  ...onApp,
  old_token: Token,
  token: NewToken,
  accounts: z.optional(z.array(NewAccount).check(z.maxLength(MAX_ACCOUNTS))),
  session_id: z.optional(SessionId),
});

const GoneData = z.strictObject({ ...onApp, token: Token });

const EventId = z.string().check(z.minLength(1), z.maxLength(256));
const envelope = { timestamp: WrittenTime, id: z.optional(EventId) };

/**
 * An event of the app's own auth flow, in the envelope of Standard Webhooks: `type`, `timestamp` (the time of the event,
 * equal on every attempt), `data`. Unknown keys are refused, because a misspelt key would change the event's meaning.
 */
export const AppEvent = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('user.login'), ...envelope, data: LoginData }),
    z.strictObject({ type: z.literal('user.logout'), ...envelope, data: LogoutData }),
    z.strictObject({ type: z.literal('user.logout_everywhere'), ...envelope, data: EverywhereData }),
    z.strictObject({ type: z.literal('user.deleted'), ...envelope, data: DeletedData }),
    z.strictObject({ type: z.literal('device.token_changed'), ...envelope, data: TokenChangedData }),
    z.strictObject({ type: z.literal('device.gone'), ...envelope, data: GoneData }),
  ],
  'is not user.login, user.logout, user.logout_everywhere, user.deleted, device.token_changed or device.gone',
);
export type AppEvent = z.infer<typeof AppEvent>;

/** A list of events; each has an id. A body is a list or one event. */
const Batch = z.array(AppEvent).check(
  z.minLength(1),
  z.maxLength(MAX_EVENTS),
  z.superRefine((events, context) => {
    for (const [i, { id }] of events.entries())
      if (id === undefined)
        context.addIssue({ code: 'custom', path: [i, 'id'], message: 'is missing: each event in a list has its own' });
  }),
);

/** Parses a body. Returns its events, or all its issues. */
export function readAppEvents(body: unknown): { events: AppEvent[] } | { issues: Issue[] } {
  const result = Array.isArray(body) ? Batch.safeParse(body) : AppEvent.safeParse(body);
  if (result.success) return { events: [result.data].flat() };
  const issues = result.error.issues.map((issue) => ({
    path: issue.path.join('.'),
    message: wordsFor(issue, body, keysAt),
  }));
  return { issues };
}

/** The keys that an object of a body may have. */
function keysAt(path: readonly PropertyKey[], body: unknown): readonly string[] {
  const [last] = path.slice(-1);
  if (last === 'except') return ['session_id'];
  if (path.includes('accounts')) return Object.keys(AccountInput.shape);
  if (last !== 'data') return ['type', ...Object.keys(envelope), 'data'];
  const type = valueAt([...path.slice(0, -1), 'type'], body);
  const event = AppEvent.def.options.find(({ shape }) => shape.type.def.values[0] === type);
  return Object.keys(event?.shape.data.shape ?? {});
}

/** The app's own backend, which signs and wraps its events as Standard Webhooks specifies. */
export const kind = sourceKind({
  credential: 'ours',
  options: z.strictObject({ publicKeys: z._default(z.array(PublicKey), []) }),
  accounts: [],
  effects: {},
  keyOf: webhookKey,
  receiver:
    ({ publicKeys }) =>
    (request, to) => {
      const signed = signedJson(request, { ...to, keys: [...to.keys, ...publicKeys] });
      return 'refused' in signed ? signed : appFacts(signed, to);
    },
});

/** Returns the facts of a message in this format, however it came. */
export function appFacts({ id, body }: { id: string; body: unknown }, reach: Reach): { facts: Fact[] } | Refused {
  const read = readAppEvents(body);
  if ('issues' in read) return { refused: 'invalid_event', issues: read.issues };
  return { facts: read.events.map((event, i) => factOf(event, id, Array.isArray(body) ? `${i}.` : '', reach)) };
}

/** `place`: of the event in the body. The id of the message is that of its only event. */
function factOf(event: AppEvent, messageId: string, place: string, reach: Reach): Fact {
  const { id = messageId, timestamp: at } = event;
  const read = translated(event, reach);
  const own = 'issue' in read ? { issue: { ...read.issue, path: `${place}${read.issue.path}` } } : read;
  return { id, at, event: own, content: { ...event, timestamp: at.fromMs }, path: `${place}timestamp` };
}

type Translated = AuthEvent | { readonly issue: Issue };

type Data<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>['data'];

function translated(event: AppEvent, reach: Reach): Translated {
  switch (event.type) {
    case 'user.login':
      return loginOf(event, reach);
    case 'user.logout':
      return logoutOf(event.data, reach);
    case 'user.logout_everywhere':
    case 'user.deleted':
      return everywhereOf(event.data, reach);
    case 'device.gone':
      return inApp(event.data, reach, (app) => ({ kind: 'logout', app, token: event.data.token, session: undefined }));
    case 'device.token_changed':
      return inApp(event.data, reach, (app) => tokenChangedOf(event.data, app, reach));
  }
}

function loginOf({ data, timestamp }: Extract<AppEvent, { type: 'user.login' }>, reach: Reach): Translated {
  const { token, account, accounts = [], mode, session_id, installation_id, expires_at } = data;
  if (expires_at && expires_at.fromMs <= timestamp.fromMs) return wrong('expires_at', 'is not later than the event');
  const all = account === undefined ? accounts : [{ ...data, account }];
  return inApp(data, reach, (app) => ({
    kind: 'login',
    app,
    token,
    mode,
    accounts: all.map((one) => accountWithDefault(one, reach)),
    session: sessionOf(session_id),
    installation: installationOf(installation_id),
    untilMs: expires_at && Math.min(expires_at.fromMs, LAST_MS),
  }));
}

function logoutOf(data: Data<'user.logout'>, reach: Reach): Translated {
  const { token, scope, session_id } = data;
  const session = sessionOf(session_id);
  const account =
    data.account === undefined ? undefined : accountWithDefault({ ...data, account: data.account }, reach);
  if (scope === 'session') {
    if (session === undefined) return wrong('session_id', 'is missing; the scope "session" needs it');
    if (token === undefined && account === undefined)
      return wrong('account', 'is required with the scope "session", or "token" is');
    const kind = 'sessionLogout';
    return inApps(data, reach, token === undefined, (apps) => ({ kind, apps, token, account, session }));
  }
  if (token === undefined) return wrong('token', 'is missing; only the scope "session" needs none');
  if (scope === 'token') return inApp(data, reach, (app) => ({ kind: 'logout', app, token, session }));
  if (account === undefined) return wrong('account', 'is required with the scope "account"');
  return inApp(data, reach, (app) => ({ kind: 'accountLogout', app, token, account, session }));
}

function everywhereOf(data: Data<'user.logout_everywhere'>, reach: Reach): Translated {
  const account = accountWithDefault(data, reach);
  const except = sessionOf(data.except?.session_id);
  return inApps(data, reach, true, (apps) => ({ kind: 'logoutEverywhere', apps, account, except }));
}

/** Makes the auth event of the app that is named. An event about an account alone, without `app`, is about all of them. */
function inApps(
  data: Parameters<typeof inApp>[0],
  reach: Reach,
  isOfAccount: boolean,
  make: (apps: readonly App[]) => AuthEvent,
): Translated {
  const { app, platform } = data;
  if (isOfAccount && app === undefined && platform === undefined) return make(reach.apps);
  return inApp(data, reach, (one) => make([one]));
}

function tokenChangedOf(data: Data<'device.token_changed'>, app: App, reach: Reach): AuthEvent {
  const accounts = data.accounts?.map((account) => accountWithDefault(account, reach));
  const session = sessionOf(data.session_id);
  const [oldToken, token] = [data.old_token, data.token];
  return { kind: 'tokenChanged', app, oldToken, token, accounts, session };
}

type NamedAccount = { readonly account: Account['id']; readonly account_type?: Account['type'] | undefined };

const accountWithDefault = ({ account, account_type }: NamedAccount, { source }: Reach): Account => ({
  type: account_type ?? source.accountType,
  id: account,
});
