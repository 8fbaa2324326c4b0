import { type Bound, boundTo } from '../core/bindings.ts';
import type { Operation } from '../core/operation.ts';
import { eventHash } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { bindTime, withTimelyRemovals } from '../core/time.ts';
import type { Issue } from '../lambda/issues.ts';
import { type AuthEvent, operationsOf, type Stamped } from './auth-event.ts';
import type { Reach, SourceEvent, SourceKind } from './source.ts';

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
export type Message = { readonly id: string; readonly body: unknown };

/** `store` reads the newest state. `nowMs` only limits event times; stamps come from the events themselves. */
type Surroundings = { readonly reach: Reach; readonly store: RegistryStore; readonly nowMs: number };

/**
 * Translates a verified message. Reads the registry only for removals from the future, and for token changes that move
 * what is bound. Throws `Unavailable` if those cannot be read.
 */
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
  const valid = translated.filter((one) => 'stamped' in one);
  const shown = await shownTo(
    valid.map(({ stamped }) => stamped.event),
    surroundings,
  );
  const all = valid.map(({ stamped }, i) => operationsOf(stamped, shown[i] ?? []));
  const timely = (await withTimelyRemovals(store, all.flat(), nowMs)).values();
  return { events: valid.map(({ id }, i) => ({ id, operations: timely.take(all[i]?.length ?? 0).toArray() })) };
}

/** The accounts that the registry shows for the old token of each event, if the event moves them. */
async function shownTo(events: readonly AuthEvent[], { store, nowMs }: Surroundings): Promise<Bound[][]> {
  const places = new Map(events.flatMap((event, i) => (moves(event) ? [[i, event] as const] : [])));
  if (places.size === 0) return [];
  const tokens = [...places.values()].map(({ app, oldToken: token }) => ({ app: app.id, token }));
  const bound = await boundTo(store, tokens, nowMs);
  const byPlace = new Map([...places.keys()].map((place, i) => [place, bound[i] ?? []]));
  return events.map((_, i) => byPlace.get(i) ?? []);
}

type TokenChange = Extract<AuthEvent, { kind: 'tokenChanged' }>;

const moves = (event: AuthEvent): event is TokenChange => event.kind === 'tokenChanged' && event.accounts === undefined;

/** Puts the index of a list's event in front of its issue's path. */
const inBody = (body: unknown, index: number, { path, message }: Issue): Issue => ({
  path: Array.isArray(body) ? `${index}.${path}` : path,
  message,
});

function translateEvent(
  { id: ownId, time: span, content, translated: event }: SourceEvent,
  messageId: string,
  { reach, nowMs }: Surroundings,
): { id: string; stamped: Stamped<AuthEvent> } | { issue: Issue; refused: Reason; aheadMs: number } {
  const aheadMs = span.fromMs - nowMs;
  if ('issue' in event) return { ...event, refused: 'not an event', aheadMs };
  const isBind = event.kind === 'login' || (event.kind === 'tokenChanged' && event.accounts?.length !== 0);
  const time = isBind ? bindTime(span.fromMs, nowMs) : { ms: span.fromMs };
  if ('refused' in time) {
    const refused = time.refused === 'not yet' ? time.refused : 'impossible time';
    return { issue: { path: 'timestamp', message: REFUSED_TIMES[time.refused] }, refused, aheadMs };
  }
  const id = ownId ?? messageId;
  // Source, id and content are equal for all copies of an event and for no other event, even if an id is used twice.
  const hash = eventHash(reach.source.id, id, content);
  return { id, stamped: { event, time: { ...span, fromMs: time.ms }, hash } };
}

const REFUSED_TIMES = {
  future: 'is more than 5 minutes in the future',
  'not yet': 'is more than 5 seconds in the future',
  'too old': 'is more than 35 days old',
} as const;
