import type { Operation } from '../core/operation.ts';
import { eventHash } from '../core/stamp.ts';
import { timeFor } from '../core/time.ts';
import { operationsOf } from './auth-event.ts';
import type { Issue, Reach, SourceEvent, SourceKind } from './source.ts';

/** The operations of one event, under the event's id. */
export type TranslatedEvent = { readonly id: string; readonly operations: readonly Operation[] };

/** A request is translated whole or not at all. `impossible time`: the only fault is the time of a bind. */
type Translation =
  | { readonly events: readonly TranslatedEvent[] }
  | { readonly refused: 'not an event' | 'impossible time'; readonly issues: readonly Issue[] };

/** A verified message: its id, and its body as JSON. */
type Message = { readonly id: string; readonly body: unknown };

/** Translates a verified message. `nowMs` only limits event times; stamps come from the events themselves. */
export function translate(message: Message, kind: SourceKind, reach: Reach, nowMs: number): Translation {
  const read = kind.read(message.body, reach);
  if ('issues' in read) return { refused: 'not an event', issues: read.issues };
  const translated = read.events.map((event) => translateEvent(event, message.id, reach, nowMs));
  const issues = translated.flatMap((one, i) => ('issue' in one ? [inBody(message.body, i, one.issue)] : []));
  if (issues.length === 0) return { events: translated.filter((one) => 'operations' in one) };
  const isTime = translated.every((one) => !('issue' in one) || one.isTime);
  return { refused: isTime ? 'impossible time' : 'not an event', issues };
}

/** Puts the index of a list's event in front of its issue's path. */
const inBody = (body: unknown, index: number, { path, message }: Issue): Issue => ({
  path: Array.isArray(body) ? `${index}.${path}` : path,
  message,
});

function translateEvent(
  { id: ownId, timestamp, content, translated: event }: SourceEvent,
  messageId: string,
  { source }: Reach,
  nowMs: number,
): TranslatedEvent | { issue: Issue; isTime: boolean } {
  if ('issue' in event) return { ...event, isTime: false };
  const isBind = event.kind === 'login' || (event.kind === 'tokenChanged' && event.accounts.length > 0);
  const time = timeFor(isBind ? 'binds' : 'removes', timestamp, nowMs);
  if ('refused' in time) return { issue: { path: 'timestamp', message: REFUSED_TIMES[time.refused] }, isTime: true };
  const id = ownId ?? messageId;
  // Source, id and content are equal for all copies of an event and for no other event, even if an id is used twice.
  return { id, operations: operationsOf({ event, ms: time.ms, hash: eventHash(source.id, id, content) }) };
}

const REFUSED_TIMES = {
  future: 'is more than 5 seconds in the future',
  'too old': 'is more than 35 days old',
} as const;
