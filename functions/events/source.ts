import type { KeyObject } from 'node:crypto';
import type * as z from 'zod/mini';
import { type Token, tokenOn } from '../core/account.ts';
import type { App, Source } from '../core/configuration.ts';
import { Installation, Session } from '../core/operation.ts';
import { digestOf, eventHash } from '../core/stamp.ts';
import type { TimeSpan } from '../core/time.ts';
import type { HttpRequest } from '../lambda/request.ts';
import type { AuthEvent } from './auth-event.ts';
import type { Verdict } from './signature.ts';

/** A fault in a body, and its place. Neither ever quotes the body. */
export type Issue = { readonly path: string; readonly message: string };

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

/** Returns the value at a path of a body. */
export const valueAt = (path: readonly PropertyKey[], body: unknown): unknown =>
  path.reduce<unknown>((value, key) => (Object(value) === value ? Reflect.get(Object(value), key) : undefined), body);

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  array: 'a list',
  object: 'an object',
};

/**
 * Says an issue in plain words, to be read after its path. Values are not quoted, nor keys that may be names. `keysAt`: the
 * keys that an object may have.
 */
export function wordsFor(
  issue: z.core.$ZodIssue,
  body: unknown,
  keysAt: (path: readonly PropertyKey[], body: unknown) => readonly string[],
): string {
  const value = valueAt(issue.path, body);
  if (value === undefined && issue.path.length > 0 && issue.code !== 'custom') return 'is missing';
  switch (issue.code) {
    case 'unrecognized_keys': {
      const plain = issue.keys.filter((key) => /^[a-z_]{1,32}$/.test(key)).map((key) => `"${key}"`);
      const keys = keysAt(issue.path, body).join(', ');
      return `has ${plain.join(', ') || 'a key'}, which is no part of this event; its keys are ${keys}`;
    }
    case 'invalid_type':
      return `is not ${NOUNS[issue.expected] ?? issue.expected}`;
    case 'invalid_format':
      return /(?:Z|[+-]\d{2}:\d{2})$/.test(`${value}`)
        ? 'is not a time in ISO 8601, such as 2026-01-31T14:00:05.123Z'
        : 'needs a zone such as Z or +01:00, after a time such as 2026-01-31T14:00:05.123';
    case 'invalid_value':
      return `is not one of ${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string' ? 'is empty' : `is less than ${issue.minimum}`;
    case 'too_big':
      return tooBig(issue);
    default:
      return issue.message;
  }
}

const tooBig = ({ origin, maximum }: z.core.$ZodIssueTooBig): string => {
  if (origin === 'array') return `has more than ${maximum}`;
  return origin === 'string' ? `has more than ${maximum} characters` : `is more than ${maximum}`;
};

export const wrong = (field: string, message: string) => ({ issue: { path: `data.${field}`, message } });

/** The milliseconds in which a time that is written with fewer digits may be. A finer fraction is cut off. */
export function spanOf(text: string): TimeSpan {
  const fromMs = Date.parse(text);
  const digits = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  return { fromMs, toMs: fromMs + 10 ** Math.max(0, 3 - digits) - 1 };
}

export const sessionOf = (id: string | undefined): Session | undefined =>
  id === undefined ? undefined : Session.parse(eventHash('session', id));

export const installationOf = (id: string | undefined): Installation | undefined =>
  id === undefined ? undefined : Installation.parse(digestOf('installation', id).slice(0, 32));
