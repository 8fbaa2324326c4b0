import type { KeyObject } from 'node:crypto';
import { type Token, tokenOn } from '../core/account.ts';
import type { App, Source } from '../core/configuration.ts';
import type { TimeSpan } from '../core/time.ts';
import type { Issue } from '../lambda/issues.ts';
import type { HttpRequest } from '../lambda/request.ts';
import type { AuthEvent } from './auth-event.ts';
import type { Verdict } from './signature.ts';

/** One event of a body, with its auth event or the fault that prevents one. */
export type SourceEvent = {
  /** The event's own id; undefined if the message's id is the event's too. */
  readonly id: string | undefined;
  readonly time: TimeSpan;
  /** The content that makes the event itself: equal in all copies, different in all other events. */
  readonly content: unknown;
  readonly translated: AuthEvent | { readonly issue: Issue };
};

/** A kind of source: the signature of its requests and the format of its bodies. One file in `sources/` each. */
export type SourceKind = {
  /** Returns the id of a message that one of the keys signed, or what is wrong. */
  readonly verify: (request: HttpRequest, keys: readonly KeyObject[], nowMs: number) => Verdict;
  /** Returns the events of a body in their order, or all issues if the format is wrong. */
  readonly read: (body: unknown, reach: Reach) => { events: readonly SourceEvent[] } | { issues: readonly Issue[] };
};

/** A source with the apps that its events may change. */
export type Reach = { readonly source: Source; readonly apps: readonly App[] };

type Senders = { readonly apps: readonly App[]; readonly sources: readonly Source[] };

/** The reach of every source, by the source's id. */
export const reachesOf = ({ apps, sources }: Senders): ReadonlyMap<string, Reach> =>
  new Map(sources.map((source) => [source.id, { source, apps: apps.filter(({ id }) => source.apps.includes(id)) }]));

type AppChoice = { readonly app?: App['id'] | undefined; readonly platform?: App['platform'] | undefined };

/** Makes the auth event of the app that an event names, or of the source's only app if the event names none. */
export function inApp(
  { app: id, platform }: AppChoice,
  { apps }: Reach,
  make: (app: App) => AuthEvent,
): SourceEvent['translated'] {
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
