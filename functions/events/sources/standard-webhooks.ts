import * as z from 'zod/mini';
import { type Account, AccountId, AccountType, Platform, Token } from '../../core/account.ts';
import { type App, AppId, type Configuration, type Source } from '../../core/configuration.ts';
import { Session } from '../../core/operation.ts';
import { compiledInTime } from '../../core/schema.ts';
import { eventHash } from '../../core/stamp.ts';
import type { AuthEvent } from '../auth-event.ts';

/** Events one request may carry. */
export const MAX_EVENTS = 100;

/** Accounts one event may name. */
const MAX_ACCOUNTS = 10;

const SessionId = z.string().check(z.minLength(1), z.maxLength(256));
const AccountInput = z.strictObject({ account: AccountId, account_type: z.optional(AccountType) });
const onApp = { app: z.optional(AppId), platform: z.optional(Platform) };

const LoginData = z
  .strictObject({
    ...onApp,
    token: Token,
    account: z.optional(AccountId),
    account_type: z.optional(AccountType),
    accounts: z.optional(z.array(AccountInput).check(z.minLength(1), z.maxLength(MAX_ACCOUNTS))),
    mode: z._default(z.enum(['override', 'append']), 'override'),
    session_id: z.optional(SessionId),
  })
  .check(
    z.refine(({ account, accounts }) => (account === undefined) !== (accounts === undefined), {
      path: ['account'],
      message: 'a login names "account" or "accounts", and not both',
    }),
    z.refine(({ accounts, account_type }) => accounts === undefined || account_type === undefined, {
      path: ['account_type'],
      message: '"account_type" goes with "account"; each of "accounts" has its own',
    }),
  );

const LogoutData = z
  .strictObject({
    ...onApp,
    token: Token,
    scope: z._default(z.enum(['token', 'account']), 'token'),
    account: z.optional(AccountId),
    account_type: z.optional(AccountType),
    session_id: z.optional(SessionId),
  })
  .check(
    z.refine(({ scope, account }) => scope === 'token' || account !== undefined, {
      path: ['account'],
      message: 'a logout with the scope "account" names the account',
    }),
  );

const EverywhereData = z.strictObject({
  app: z.optional(AppId),
  account: AccountId,
  account_type: z.optional(AccountType),
});

const TokenChangedData = z.strictObject({
  ...onApp,
  old_token: Token,
  token: Token,
  accounts: z.array(AccountInput).check(z.maxLength(MAX_ACCOUNTS)),
});

/** Milliseconds since 1970. What is finer than a millisecond is cut off. */
const EventTime = z.pipe(
  z.iso.datetime({ offset: true }),
  z.transform((text) => Date.parse(text)),
);

const EventId = z.string().check(z.minLength(1), z.maxLength(256));
const envelope = { timestamp: EventTime, id: z.optional(EventId) };

/**
 * An event of the app's own auth flow, in the envelope of Standard Webhooks: `type`, `timestamp` (when it happened, the
 * same on every attempt), `data`. Keys that are not part of an event are refused: a misspelt one would change its meaning.
 */
export const AppEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('user.login'), ...envelope, data: LoginData }),
  z.strictObject({ type: z.literal('user.logout'), ...envelope, data: LogoutData }),
  z.strictObject({ type: z.literal('user.logout_everywhere'), ...envelope, data: EverywhereData }),
  z.strictObject({ type: z.literal('user.deleted'), ...envelope, data: EverywhereData }),
  z.strictObject({ type: z.literal('device.token_changed'), ...envelope, data: TokenChangedData }),
]);
export type AppEvent = z.infer<typeof AppEvent>;

/** A request's body: one event, or up to 100, each with an id of its own. */
const Batch = z.array(AppEvent).check(
  z.minLength(1),
  z.maxLength(MAX_EVENTS),
  z.superRefine((events, context) => {
    for (const [i, { id }] of events.entries())
      if (id === undefined)
        context.addIssue({ code: 'custom', path: [i, 'id'], message: 'an event in a list has an id' });
  }),
);

export type Issue = { readonly path: string; readonly message: string };

const [single, batch] = [compiledInTime(AppEvent), compiledInTime(Batch)];

/** Reads a body's events, or says everything that is wrong with it. Messages never quote what was sent. */
export function readAppEvents(body: unknown): { events: AppEvent[] } | { issues: Issue[] } {
  const result = Array.isArray(body) ? batch(body.length).safeParse(body) : single().safeParse(body);
  if (result.success) return { events: [result.data].flat() };
  return {
    issues: result.error.issues.map(({ path, message, code }) => ({
      path: path.join('.'),
      message: said(code, message),
    })),
  };
}

/** zod quotes unknown keys, and a key may be an account. */
const said = (code: string, message: string): string =>
  code === 'unrecognized_keys' ? 'has a key that is not part of this event' : message;

/** What a source may touch: its apps, and the account type it means where an event names none. */
export type Reach = { readonly source: Source; readonly apps: readonly App[] };

/** The reach of every source, by its id. */
export const reachesOf = ({ apps, sources }: Configuration): ReadonlyMap<string, Reach> =>
  new Map(sources.map((source) => [source.id, { source, apps: apps.filter(({ id }) => source.apps.includes(id)) }]));

type Data<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>['data'];

/** The auth event an app's event says, or what is wrong with it as seen from the source that sent it. */
export function authEventOf(event: AppEvent, reach: Reach): AuthEvent | { issue: Issue } {
  switch (event.type) {
    case 'user.login':
      return inApp(event.data, reach, (app) => loginOf(event.data, app, reach));
    case 'user.logout':
      return inApp(event.data, reach, (app) => logoutOf(event.data, app, reach));
    case 'user.logout_everywhere':
    case 'user.deleted':
      return everywhereOf(event.data, reach);
    case 'device.token_changed':
      return inApp(event.data, reach, (app) => tokenChangedOf(event.data, app, reach));
  }
}

function loginOf(data: Data<'user.login'>, app: App, reach: Reach): AuthEvent {
  const { token, account, accounts = [], mode, session_id } = data;
  const named = account === undefined ? accounts : [{ ...data, account }];
  const session = sessionOf(session_id);
  return { kind: 'login', app, token, mode, accounts: named.map((one) => accountWithDefault(one, reach)), session };
}

function logoutOf(data: Data<'user.logout'>, app: App, reach: Reach): AuthEvent {
  const { token, scope, account, session_id } = data;
  const session = sessionOf(session_id);
  if (scope === 'token' || account === undefined) return { kind: 'logout', app, token, session };
  return { kind: 'accountLogout', app, token, account: accountWithDefault({ ...data, account }, reach), session };
}

function everywhereOf(data: Data<'user.deleted'>, reach: Reach): AuthEvent | { issue: Issue } {
  const account = accountWithDefault(data, reach);
  if (data.app === undefined) return { kind: 'logoutEverywhere', apps: reach.apps, account };
  return inApp(data, reach, (app) => ({ kind: 'logoutEverywhere', apps: [app], account }));
}

function tokenChangedOf(data: Data<'device.token_changed'>, app: App, reach: Reach): AuthEvent {
  const accounts = data.accounts.map((account) => accountWithDefault(account, reach));
  return { kind: 'tokenChanged', app, oldToken: data.old_token, token: data.token, accounts };
}

type OnApp = { readonly app?: App['id'] | undefined; readonly platform?: App['platform'] | undefined };

function inApp(
  { app: id, platform }: OnApp,
  { apps }: Reach,
  make: (app: App) => AuthEvent,
): AuthEvent | { issue: Issue } {
  if (id === undefined && apps.length > 1) return wrong('app', 'this source reaches several apps: the event names one');
  const app = id === undefined ? apps[0] : apps.find((one) => one.id === id);
  if (app === undefined) return wrong('app', 'this source reaches no app of that id');
  if (platform !== undefined && platform !== app.platform) return wrong('platform', "is not the app's platform");
  return make(app);
}

const wrong = (field: string, message: string) => ({ issue: { path: `data.${field}`, message } });

type NamedAccount = { readonly account: Account['id']; readonly account_type?: Account['type'] | undefined };

const accountWithDefault = ({ account, account_type }: NamedAccount, { source }: Reach): Account => ({
  type: account_type ?? source.accountType,
  id: account,
});

const sessionOf = (id: string | undefined): Session | undefined =>
  id === undefined ? undefined : Session.parse(eventHash('session', id));
