import type { Operation } from '../core/operation.ts';
import { eventHash } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { bindTime, withTimelyRemovals } from '../core/time.ts';
import { operationsOf } from './auth-event.ts';
import type { Issue, Reach, SourceEvent, SourceKind } from './source.ts';

/** The operations of one event, under the event's id. */
export type TranslatedEvent = { readonly id: string; readonly operations: readonly Operation[] };

/** Reasons to refuse a request, the gravest first. `not yet`: waiting makes it possible. */
const REASONS = ['not an event', 'impossible time', 'not yet'] as const;
type Reason = (typeof REASONS)[number];

/** A request is translated whole or not at all. `aheadMs`: the farthest that a bind is ahead of our clock. */
type Translation =
  | { readonly events: readonly TranslatedEvent[] }
  | { readonly refused: Reason; readonly issues: readonly Issue[]; readonly aheadMs: number };

/** A verified message: its id, and its body as JSON. */
type Message = { readonly id: string; readonly body: unknown };

/** `store` reads the newest state. `nowMs` only limits event times; stamps come from the events themselves. */
type Surroundings = { readonly reach: Reach; readonly store: RegistryStore; readonly nowMs: number };

/** Translates a verified message. Reads the registry only for removals from the future. */
export async function translate(message: Message, kind: SourceKind, surroundings: Surroundings): Promise<Translation> {
  const { reach, store, nowMs } = surroundings;
  const read = kind.read(message.body, reach);
  if ('issues' in read) return { refused: 'not an event', issues: read.issues, aheadMs: 0 };
  const translated = read.events.map((event) => translateEvent(event, message.id, surroundings));
  const faults = translated.flatMap((one, i) => ('issue' in one ? [{ ...one, i }] : []));
  if (faults.length > 0)
    return {
      refused: REASONS.find((reason) => faults.some(({ refused }) => refused === reason)) ?? 'not an event',
      issues: faults.map(({ issue, i }) => inBody(message.body, i, issue)),
      aheadMs: Math.max(...faults.map((fault) => fault.aheadMs)),
    };
  const events = translated.filter((one) => 'operations' in one);
  const timely = await withTimelyRemovals(
    store,
    events.flatMap(({ operations }) => operations),
    nowMs,
  );
  const rest = timely.values();
  return { events: events.map(({ id, operations }) => ({ id, operations: rest.take(operations.length).toArray() })) };
}

/** Puts the index of a list's event in front of its issue's path. */
const inBody = (body: unknown, index: number, { path, message }: Issue): Issue => ({
  path: Array.isArray(body) ? `${index}.${path}` : path,
  message,
});

function translateEvent(
  { id: ownId, time: span, content, translated: event }: SourceEvent,
  messageId: string,
  { reach, nowMs }: Surroundings,
): TranslatedEvent | { issue: Issue; refused: Reason; aheadMs: number } {
  const aheadMs = span.fromMs - nowMs;
  if ('issue' in event) return { ...event, refused: 'not an event', aheadMs };
  const isBind = event.kind === 'login' || (event.kind === 'tokenChanged' && event.accounts.length > 0);
  const time = isBind ? bindTime(span.fromMs, nowMs) : { ms: span.fromMs };
  if ('refused' in time) {
    const refused = time.refused === 'not yet' ? time.refused : 'impossible time';
    return { issue: { path: 'timestamp', message: REFUSED_TIMES[time.refused] }, refused, aheadMs };
  }
  const id = ownId ?? messageId;
  // Source, id and content are equal for all copies of an event and for no other event, even if an id is used twice.
  const hash = eventHash(reach.source.id, id, content);
  return { id, operations: operationsOf({ event, time: { ...span, fromMs: time.ms }, hash }) };
}

const REFUSED_TIMES = {
  future: 'is more than 5 minutes in the future',
  'not yet': 'is more than 5 seconds in the future',
  'too old': 'is more than 35 days old',
} as const;
