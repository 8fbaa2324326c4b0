import { type Token, tokenOn } from '../core/account.ts';
import type { App } from '../core/configuration.ts';
import type { Issue } from '../lambda/issues.ts';
import type { AuthEvent } from './auth-event.ts';
import type { Reach } from './source.ts';

type AppChoice = { readonly app?: App['id'] | undefined; readonly platform?: App['platform'] | undefined };

/** Makes the auth event of the app that an event names, or of the source's only app if the event names none. */
export function inApp(
  { app: id, platform }: AppChoice,
  { apps }: Reach,
  make: (app: App) => AuthEvent,
): AuthEvent | { readonly issue: Issue } {
  if (id === undefined && apps.length > 1) return wrong('app', 'is missing: this source has several apps');
  const app = id === undefined ? apps[0] : apps.find((one) => one.id === id);
  if (app === undefined) return wrong('app', 'is not an app of this source');
  if (platform !== undefined && platform !== app.platform) return wrong('platform', "is not the app's platform");
  return inOneSpelling(make(app));
}

/** Gives an event's tokens the spelling that they have on their platform. */
function inOneSpelling(event: AuthEvent): AuthEvent {
  switch (event.kind) {
    case 'logoutEverywhere':
      return event;
    case 'sessionLogout': {
      // An event with a token is about one app.
      const { apps, token } = event;
      return apps[0] && token ? { ...event, token: tokenOn(apps[0].platform, token) } : event;
    }
    case 'tokenChanged': {
      const on = (token: Token) => tokenOn(event.app.platform, token);
      return { ...event, oldToken: on(event.oldToken), token: on(event.token) };
    }
    default:
      return { ...event, token: tokenOn(event.app.platform, event.token) };
  }
}

export const wrong = (field: string, message: string) => ({ issue: { path: `data.${field}`, message } });
