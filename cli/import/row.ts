import * as z from 'zod';
import { AccountType, NewAccountId, NewToken, Platform, Token, tokenOn } from '../../functions/core/account.ts';
import { sessionOf } from '../../functions/core/operation.ts';
import { FUTURE_MS } from '../../functions/core/time.ts';
import type { ListedApp, ListedBind } from './operation.ts';

/** The fields of a binding in a list. */
export const FIELDS = ['app', 'platform', 'token', 'account', 'account_type', 'bound_at', 'session'] as const;
export type Field = (typeof FIELDS)[number];

/** A binding as the list writes it. */
export type Row = Readonly<Partial<Record<Field, string>>>;

/** The apps of bindery.json, and how a row names its app. */
export type AppChoice = {
  readonly apps: readonly ListedApp[];
  /** The app of rows without one. */
  readonly app?: string | undefined;
  /** Apps by the text in the field `platform`. */
  readonly appOf: ReadonlyMap<string, string>;
};

/** The reason why a line is no binding. It never quotes the line, because names are personal data. */
export type Fault = { readonly fault: string };

/** Checks a row by the rules of a login: what these refuse today must not come in by a list. */
export function bindIn(row: Row, choice: AppChoice, nowMs: number): ListedBind | Fault {
  const app = appIn(row, choice);
  if ('fault' in app) return app;
  if (!row.token) return { fault: 'no token' };
  if (!row.account) return { fault: 'no account' };
  const token = checked('token', NewToken, tokenOf(row.token, app.platform));
  if ('fault' in token) return token;
  const id = checked('account', NewAccountId, row.account);
  if ('fault' in id) return id;
  const type = checked('account_type', AccountType, row.account_type ? Number(row.account_type) : 0);
  if ('fault' in type) return type;
  const boundMs = row.bound_at ? timeIn(row.bound_at) : undefined;
  if (Number.isNaN(boundMs)) return { fault: 'bound_at: is not a time' };
  if (boundMs !== undefined && boundMs > nowMs + FUTURE_MS) return { fault: 'bound_at: is in the future' };
  return {
    app,
    token: token.value,
    account: { type: type.value, id: id.value },
    boundMs,
    session: sessionOf(row.session || undefined),
  };
}

function tokenOf(text: string, platform: Platform): string {
  const token = Token.safeParse(text);
  return token.success ? tokenOn(platform, token.data) : text;
}

function appIn(row: Row, { apps, app: given, appOf }: AppChoice): ListedApp | Fault {
  const ofPlatform = row.platform === undefined ? undefined : appOf.get(row.platform.toLowerCase());
  if (appOf.size > 0 && ofPlatform === undefined) return { fault: 'platform: has no app in --app-of' };
  const id = ofPlatform ?? (row.app || given);
  if (id === undefined) return { fault: 'no app' };
  const app = apps.find((one) => one.id === id);
  if (app === undefined) return { fault: 'app: is not in bindery.json' };
  const isOther = Platform.safeParse(row.platform).success && row.platform !== app.platform;
  return isOther ? { fault: 'platform: is not that of the app' } : app;
}

function checked<S extends z.core.$ZodType>(name: string, schema: S, value: unknown): { value: z.output<S> } | Fault {
  const read = z.safeParse(schema, value);
  return read.success ? { value: read.data } : { fault: `${name}: ${read.error.issues[0]?.message}` };
}

/** ISO 8601, and what databases write: a blank for the T, a short zone or none, which then is UTC. */
const WRITTEN = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)? ?(?:Z|UTC|([+-]\d\d):?(\d\d)?)?)?$/;

/** A number below this is in seconds (the year 5138), any other in milliseconds (from 1973). */
const SECONDS_BELOW = 100_000_000_000;

/** The time in a text (ms since 1970); NaN if it is none. */
export function timeIn(text: string): number {
  if (/^\d{9,13}(\.\d+)?$/.test(text)) return Math.floor(Number(text) * (Number(text) < SECONDS_BELOW ? 1000 : 1));
  const [, day, time = '00:00', fraction = '', hours, minutes = '00'] = WRITTEN.exec(text) ?? [];
  if (day === undefined) return Number.NaN;
  const seconds = time.length === 5 ? `${time}:00` : time;
  return Date.parse(`${day}T${seconds}${fraction.slice(0, 4)}${hours === undefined ? 'Z' : `${hours}:${minutes}`}`);
}
