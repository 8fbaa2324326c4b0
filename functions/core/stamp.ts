import { hash } from 'node:crypto';
import * as z from 'zod/mini';

const SHAPE = /^\d{13}\.[012]\.[0-9a-f]{16}\.\d{3}$/;

/**
 * When an operation takes effect, as text that sorts: `<ms>.<kind>.<hash>.<element>`. Made from the signed event alone,
 * so that every copy of the event carries the same stamp and copies can arrive late, twice and in any order.
 *
 * - `ms`: 13 digits, the event's own time in milliseconds since 1970;
 * - `kind`: at an equal millisecond a removal (2) is later than an overriding bind (1), and that than a bind (0), so a
 *   tie ends unbound rather than bound to the wrong account;
 * - `hash`: 16 hexadecimal digits that tell different events of one millisecond apart;
 * - `element`: 3 digits, the place within the event, so that a token named twice keeps the order of its list.
 *
 * Source: the last-writer-wins register of Shapiro et al. 2011, with a total order over events.
 */
export const Stamp = z.string().check(z.regex(SHAPE)).brand<'Stamp', 'inout'>();
export type Stamp = z.infer<typeof Stamp>;

const KIND_RANKS = {
  bind: 0,
  bindOverriding: 1,
  unbind: 2,
  endSession: 2,
  unbindTokenFromAll: 2,
  unbindAccountFromAll: 2,
  unbindAccountFromOthers: 2,
  endAccountSession: 2,
} as const;
export type StampedKind = keyof typeof KIND_RANKS;

/** The most elements of an event or request: the longest list that a door accepts. */
export const MAX_ELEMENTS = 1000;

/** The latest time of a stamp, 13 digits of milliseconds: the year 2286. */
export const LAST_MS = 9_999_999_999_999;

/** A digest of values, each as JSON: 64 hexadecimal digits. */
export const digestOf = (...values: readonly unknown[]): string => hash('sha256', JSON.stringify(values));

/** A digest of an event's identity: its source, its id and its content. */
export const eventHash = (...identity: readonly unknown[]): string => digestOf(...identity).slice(0, 16);

/** The stamp of one element of an event. `hash`: an `eventHash`. `element`: the element's index from 0. */
export function stampOf(kind: StampedKind, ms: number, hash: string, element = 0): Stamp {
  const time = String(Math.min(Math.max(ms, 0), LAST_MS)).padStart(13, '0');
  const stamp = `${time}.${KIND_RANKS[kind]}.${hash}.${String(element).padStart(3, '0')}`;
  if (!isStamp(stamp)) throw new Error(`bug: invalid stamp parts (${ms}, ${hash}, ${element})`);
  return stamp;
}

/** The stamp at another time (ms since 1970). */
export const stampMovedTo = (stamp: Stamp, ms: number): Stamp =>
  Stamp.parse(`${beginningOf(ms)}${stamp.slice(beginningOf(0).length)}`);

const isStamp = (text: string): text is Stamp => SHAPE.test(text);

/** The milliseconds since 1970 at the start of a stamp, clear or edge; 0 for the empty text, which is before all of them. */
export const msOf = (stamp: string): number => Number(stamp.slice(0, 13));

/** The least stamp of a millisecond: all earlier stamps sort before it. */
export const beginningOf = (ms: number): string => String(Math.max(ms, 0)).padStart(13, '0');

// Within one event the removal (phase 0) comes before the bind (phase 1): an overriding bind clears, then binds.
const PHASE_AT = '0000000000000.0.0000000000000000.000.'.length;

/** The moment at which an event removes: it ends everything at or before it. */
export type Removal = string;
export const removalAt = (stamp: Stamp): Removal => `${stamp}.0`;

/**
 * The terms of a bind: its session, the end of its lease (ms since 1970), past which it is not shown, and when the bearer
 * was issued that a phone bound with (ms). The sign-outs of its account see such a bind as of then.
 */
export type BindTerms = {
  readonly session?: string | undefined;
  readonly untilMs?: number | undefined;
  readonly issuedMs?: number | undefined;
};

/** The moment at which an event binds, with its terms. `place` keeps the order of the accounts in the event's list. */
export const bindAt = (stamp: Stamp, place: number, { session, untilMs, issuedMs }: BindTerms = {}): string =>
  [
    `${stamp}.1.${String(place).padStart(2, '0')}`,
    session === undefined ? '' : `~${session}`,
    untilMs === undefined ? '' : `^${beginningOf(untilMs)}`,
    issuedMs === undefined ? '' : `@${beginningOf(issuedMs)}`,
  ].join('');

/** Tests that an edge is a bind, not a removal. */
export const isBind = (edge: string): boolean => edge[PHASE_AT] === '1';

/** The removal in the place of a bind that can never be shown again: phase 2, just after all binds of its event. */
export const deadAt = (edge: string): Removal => `${edge.slice(0, PHASE_AT)}2${edge.slice(PHASE_AT + 1)}`;

const TERMS_AT = PHASE_AT + '1.00'.length;

/** The session of a bind. */
export const sessionIn = (edge: string): string | undefined =>
  edge[TERMS_AT] === '~' ? edge.slice(TERMS_AT + 1).split(/[\^@]/, 1)[0] : undefined;

/** The end of a bind's lease (ms since 1970). */
export const leaseOf = (edge: string): number | undefined => msAfter('^', edge);

/** When the bearer of a bind was issued (ms since 1970). */
export const issuedIn = (edge: string): number | undefined => msAfter('@', edge);

function msAfter(mark: string, edge: string): number | undefined {
  const at = edge.indexOf(mark, TERMS_AT);
  return at < 0 ? undefined : msOf(edge.slice(at + 1));
}

/**
 * The bind as the sign-outs of its account see it: as of its bearer's issue, if that is earlier. So a sign-out that comes
 * late ends what a bearer from before has bound meanwhile.
 */
export function asIssued(edge: string): string {
  const issuedMs = issuedIn(edge);
  return issuedMs === undefined || issuedMs >= msOf(edge) ? edge : `${beginningOf(issuedMs)}${edge.slice(13)}`;
}

export const termsIn = (edge: string): BindTerms => ({
  session: sessionIn(edge),
  untilMs: leaseOf(edge),
  issuedMs: issuedIn(edge),
});

/** The event part of an edge: equal for all accounts that one event bound. */
export const eventOf = (edge: string): string => edge.slice(0, '0000000000000.0.0000000000000000'.length);

/** Sorts edges: the most recent event first, and the accounts of one event in the order of its list. */
export const byRecency = (a: string, b: string): number => {
  const [x, y] = [eventOf(a), eventOf(b)];
  if (x !== y) return x < y ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
};
