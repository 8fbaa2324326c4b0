import type { Operation } from '../core/operation.ts';
import { eventHash } from '../core/stamp.ts';
import { timeFor } from '../core/time.ts';
import { operationsOf } from './auth-event.ts';
import { type AppEvent, authEventOf, type Issue, type Reach, readAppEvents } from './sources/standard-webhooks.ts';

/** What an event comes to. */
export type TranslatedEvent = { readonly id: string; readonly operations: readonly Operation[] };

/** A request is translated whole or not at all. `impossible time`: nothing else is wrong than a bind's time. */
export type Translation =
  | { readonly events: readonly TranslatedEvent[] }
  | { readonly refused: 'not an event' | 'impossible time'; readonly issues: readonly Issue[] };

export type Message = { readonly id: string; readonly body: unknown };

/** Translates a verified message. `nowMs` is only compared with; stamps come from the events themselves. */
export function translateAppMessage(message: Message, reach: Reach, nowMs: number): Translation {
  const read = readAppEvents(message.body);
  if ('issues' in read) return { refused: 'not an event', issues: read.issues };
  const translated = read.events.map((event) => translate(event, message.id, reach, nowMs));
  const issues = translated.flatMap((one, i) => ('issue' in one ? [within(message.body, i, one.issue)] : []));
  if (issues.length === 0) return { events: translated.filter((one) => 'operations' in one) };
  const isTime = translated.every((one) => !('issue' in one) || one.isTime);
  return { refused: isTime ? 'impossible time' : 'not an event', issues };
}

/** Where in the body the issue is: an event of a list is named by its index. */
const within = (body: unknown, index: number, { path, message }: Issue): Issue => ({
  path: Array.isArray(body) ? `${index}.${path}` : path,
  message,
});

function translate(
  event: AppEvent,
  messageId: string,
  reach: Reach,
  nowMs: number,
): TranslatedEvent | { issue: Issue; isTime: boolean } {
  const authEvent = authEventOf(event, reach);
  if ('issue' in authEvent) return { ...authEvent, isTime: false };
  const binds = authEvent.kind === 'login' || (authEvent.kind === 'tokenChanged' && authEvent.accounts.length > 0);
  const time = timeFor(binds ? 'binds' : 'removes', event.timestamp, nowMs);
  if ('refused' in time) return { issue: { path: 'timestamp', message: REFUSED[time.refused] }, isTime: true };
  const id = event.id ?? messageId;
  // Sender, id and content: equal for all copies of the event, and for nothing else, even where ids are used twice.
  const hash = eventHash(reach.source.id, id, event);
  return { id, operations: operationsOf({ event: authEvent, ms: time.ms, hash }) };
}

const REFUSED = {
  future: 'a bind is at most 5 seconds ahead of our clock',
  'too old': 'a bind is at most 35 days old',
} as const;
