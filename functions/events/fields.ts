import { LAST_MS } from '../core/stamp.ts';
import { spanOf, type TimeSpan } from '../core/time.ts';
import { valueAt } from '../lambda/issues.ts';
import type { Effect } from './auth-event.ts';

// Functions that read the requests of providers. They never throw: a field may be null, missing, or of another type than
// documented.

/** The text at a path; undefined if there is none, or an empty one. */
export function textAt(body: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(path, body);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Tests that a field is there and not null. One of an unknown form still says what an event is about. */
export const isGiven = (body: unknown, name: string): boolean => (valueAt([name], body) ?? null) !== null;

/** The elements of the list at a path; none if there is no list. */
export function listAt(body: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(path, body);
  return Array.isArray(value) ? value : [];
}

/** The effect of a type; undefined for one that has none, also for a name that objects inherit. */
export const effectIn = <E extends Effect>(effects: Readonly<Record<string, E>>, type: string | undefined) =>
  type !== undefined && Object.hasOwn(effects, type) ? effects[type] : undefined;

/** 2001-09-09: an earlier time is none, or is written in another unit, and would remove nothing. */
const FIRST_MS = 1_000_000_000_000;

const within = (fromMs: number, toMs: number): TimeSpan | undefined =>
  fromMs >= FIRST_MS && toMs < LAST_MS ? { fromMs, toMs } : undefined;

const numberAt = (body: unknown, path: readonly (string | number)[]): number => {
  const value = valueAt(path, body);
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d{1,16}$/.test(value));
  return isNumber ? Math.floor(Number(value)) : Number.NaN;
};

/** The time at a path, in milliseconds since 1970. */
export function msAt(body: unknown, ...path: readonly (string | number)[]): TimeSpan | undefined {
  const ms = numberAt(body, path);
  return within(ms, ms);
}

/** The time at a path, in whole seconds since 1970: all the milliseconds that it may be. */
export function secondsAt(body: unknown, ...path: readonly (string | number)[]): TimeSpan | undefined {
  const s = numberAt(body, path);
  return within(s * 1000, s * 1000 + 999);
}

/** The time at a path, in ISO 8601 with a zone. */
export function isoAt(body: unknown, ...path: readonly (string | number)[]): TimeSpan | undefined {
  const text = textAt(body, ...path);
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/.test(text))
    return undefined;
  const { fromMs, toMs } = spanOf(text);
  return within(fromMs, toMs);
}
