import { type Bound, boundTo } from '../core/bindings.ts';
import type { Operation } from '../core/operation.ts';
import { eventHash, LAST_MS } from '../core/stamp.ts';
import type { RegistryStore } from '../core/store.ts';
import { bindTime, type TimeSpan, withTimelyRemovals } from '../core/time.ts';
import type { Issue } from '../lambda/issues.ts';
import { type AuthEvent, eventOf, operationsOf, type Stamped } from './auth-event.ts';
import type { Fact, Nothing, Reach } from './source.ts';

/** The operations of one event, under the event's id. */
export type TranslatedEvent = { readonly id: string; readonly operations: readonly Operation[] };

/** Reasons to refuse a request, the gravest first. `not yet`: waiting makes it possible. */
const REASONS = ['not an event', 'impossible time', 'not yet'] as const;
type Reason = (typeof REASONS)[number];

/**
 * Facts with an effect, and the reasons of those without. Events of our own format are translated all or not at all.
 * `aheadMs`: the farthest that a bind is ahead of our clock.
 */
type Translation =
  | { readonly events: readonly TranslatedEvent[]; readonly nothings: readonly Nothing[] }
  | { readonly refused: Reason; readonly issues: readonly Issue[]; readonly aheadMs: number };

/** `store` reads the newest state. `nowMs` only limits event times; stamps come from the events themselves. */
type Surroundings = { readonly reach: Reach; readonly store: RegistryStore; readonly nowMs: number };

/**
 * Translates the facts of a request. Reads the registry only for removals from the future or without a time, and for token
 * changes that move what is bound. Throws `Unavailable` if those cannot be read.
 */
export async function translate(facts: readonly Fact[], surroundings: Surroundings): Promise<Translation> {
  const { store, nowMs } = surroundings;
  const judged = facts.map((fact) => judgedIn(fact, surroundings));
  const faults = judged.filter((one) => 'issue' in one);
  if (faults.length > 0)
    return {
      refused: REASONS.find((reason) => faults.some(({ refused }) => refused === reason)) ?? 'not an event',
      issues: faults.map(({ issue }) => issue),
      aheadMs: Math.max(...faults.map((fault) => fault.aheadMs)),
    };
  const valid = judged.filter((one) => 'stamped' in one);
  const shown = await shownTo(
    valid.map(({ stamped }) => stamped.event),
    surroundings,
  );
  const all = valid.map(({ stamped }, i) => operationsOf(stamped, shown[i] ?? []));
  const timely = (await withTimelyRemovals(store, all.flat(), nowMs)).values();
  return {
    events: valid.map(({ id }, i) => ({ id, operations: timely.take(all[i]?.length ?? 0).toArray() })),
    nothings: judged.flatMap((one) => ('nothing' in one ? one.nothing : [])),
  };
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

/** The time of a removal that arrives without one: the time rule for removals moves it to its arrival. */
const ARRIVAL: TimeSpan = { fromMs: LAST_MS, toMs: LAST_MS };

type Judged =
  | { readonly id: string; readonly stamped: Stamped<AuthEvent> }
  | { readonly issue: Issue; readonly refused: Reason; readonly aheadMs: number }
  | { readonly nothing: Nothing };

function judgedIn(fact: Fact, { reach, nowMs }: Surroundings): Judged {
  if ('nothing' in fact) return fact;
  if ('event' in fact) return judgedEvent(fact, reach, nowMs);
  const { id, at, what, account, session } = fact;
  const event = eventOf(fact, reach);
  if ('nothing' in event) return event;
  // Not of the body: an attempt may differ in what has no part in the change.
  const hash = eventHash(reach.source.id, id, [what, account, session]);
  return { id, stamped: { event, time: at === 'arrival' ? ARRIVAL : at, hash } };
}

function judgedEvent(
  { id, at: span, event, content, path }: Extract<Fact, { event: unknown }>,
  { source }: Reach,
  nowMs: number,
): Judged {
  const aheadMs = span.fromMs - nowMs;
  if ('issue' in event) return { ...event, refused: 'not an event', aheadMs };
  const isBind = event.kind === 'login' || (event.kind === 'tokenChanged' && event.accounts?.length !== 0);
  const time = isBind ? bindTime(span.fromMs, nowMs) : { ms: span.fromMs };
  if ('refused' in time) {
    const refused = time.refused === 'not yet' ? time.refused : 'impossible time';
    return { issue: { path, message: REFUSED_TIMES[time.refused] }, refused, aheadMs };
  }
  // Source, id and content are equal for all copies of an event and for no other event, even if an id is used twice.
  const hash = eventHash(source.id, id, content);
  return { id, stamped: { event, time: { ...span, fromMs: time.ms }, hash } };
}

const REFUSED_TIMES = {
  future: 'is more than 5 minutes in the future',
  'not yet': 'is more than 5 seconds in the future',
  'too old': 'is more than 35 days old',
} as const;
