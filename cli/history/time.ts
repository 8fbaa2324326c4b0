import { UserError } from '../../local/user-error.ts';

const DAY_MS = 86_400_000;
const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?$/;
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Returns the moment that a text names (ms since 1970). A time of day is the last one, in the local time zone. */
export function momentIn(text: string, nowMs: number): number {
  const [, hours, minutes, seconds = '0', fraction = '0'] = CLOCK.exec(text) ?? [];
  if (hours !== undefined && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60) {
    const moment = new Date(nowMs);
    const parts = [hours, minutes, seconds, fraction.padEnd(3, '0')].map(Number) as [number, number, number, number];
    moment.setHours(...parts);
    if (moment.getTime() > nowMs) moment.setDate(moment.getDate() - 1);
    return moment.getTime();
  }
  // Without a zone `Date.parse` takes the local one if there is a time, and UTC if there is none.
  const ms = ISO.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00` : text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UserError(`--at ${text}: give a time such as 14:03, or 2026-11-28T14:03:00+01:00`);
  return ms;
}

/** Refuses a moment that the ledger does not answer for. */
export function checkedMoment(ms: number, nowMs: number, days: number): number {
  if (ms > nowMs) throw new UserError('--at is in the future');
  if (ms >= nowMs - days * DAY_MS) return ms;
  throw new UserError(`--at is longer ago than ${days} days: the ledger does not answer for it (history.days)`);
}

const two = (number: number): string => `${number}`.padStart(2, '0');

/** A moment in the local time zone, to the millisecond. */
export function local(ms: number): string {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${time}.${`${at.getMilliseconds()}`.padStart(3, '0')}`;
}

/** The name of the local time zone. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
