import type { Account } from '../core/account.ts';
import type { AuthEvent } from '../core/auth-event.ts';
import type { App, Configuration, Source } from '../core/configuration.ts';
import { Session } from '../core/operation.ts';
import { eventHash } from '../core/stamp.ts';
import type { AppEvent, Issue } from './app.ts';

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
      return onApp(event.data, reach, (app) => loginOf(event.data, app, reach));
    case 'user.logout':
      return onApp(event.data, reach, (app) => logoutOf(event.data, app, reach));
    case 'user.logout_everywhere':
    case 'user.deleted':
      return everywhereOf(event.data, reach);
    case 'device.token_changed':
      return onApp(event.data, reach, (app) => tokenChangedOf(event.data, app, reach));
  }
}

function loginOf(data: Data<'user.login'>, app: App, reach: Reach): AuthEvent {
  const { token, account, accounts = [], mode, session_id } = data;
  const named = account === undefined ? accounts : [{ ...data, account }];
  const session = sessionOf(session_id);
  return { kind: 'login', app, token, mode, accounts: named.map((one) => accountOf(one, reach)), session };
}

function logoutOf(data: Data<'user.logout'>, app: App, reach: Reach): AuthEvent {
  const { token, scope, account, session_id } = data;
  const session = sessionOf(session_id);
  if (scope === 'token' || account === undefined) return { kind: 'logout', app, token, session };
  return { kind: 'accountLogout', app, token, account: accountOf({ ...data, account }, reach), session };
}

function everywhereOf(data: Data<'user.deleted'>, reach: Reach): AuthEvent | { issue: Issue } {
  const account = accountOf(data, reach);
  if (data.app === undefined) return { kind: 'logoutEverywhere', apps: reach.apps, account };
  return onApp(data, reach, (app) => ({ kind: 'logoutEverywhere', apps: [app], account }));
}

function tokenChangedOf(data: Data<'device.token_changed'>, app: App, reach: Reach): AuthEvent {
  const accounts = data.accounts.map((account) => accountOf(account, reach));
  return { kind: 'tokenChanged', app, oldToken: data.old_token, token: data.token, accounts };
}

type OnApp = { readonly app?: App['id'] | undefined; readonly platform?: App['platform'] | undefined };

function onApp(
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

const accountOf = ({ account, account_type }: NamedAccount, { source }: Reach): Account => ({
  type: account_type ?? source.accountType,
  id: account,
});

const sessionOf = (id: string | undefined): Session | undefined =>
  id === undefined ? undefined : Session.parse(eventHash('session', id));
