import { accountKey } from './account.ts';
import {
  clearOf,
  hasEnded,
  isBelowFloor,
  momentsOf,
  type Registers,
  type Sessions,
  SKEW_MS,
  scoped,
  type TokenDocument,
  typeOf,
  type Watermark,
} from './document.ts';
import type { AccountOperation, BindOperation, BoundAccount, TokenOperation } from './operation.ts';
import { beginningOf, bindAt, deadAt, isBind, leaseOf, msOf, type Removal, removalAt } from './stamp.ts';

/**
 * The document after the operations, in whatever order they and their copies come. `horizon` is the least moment that
 * can still bind (`horizonAt`): older tombstones are dropped, and an older overriding bind only removes.
 */
export function merge(
  document: TokenDocument,
  operations: readonly TokenOperation[],
  horizon = '',
  limits: Limits = DOCUMENT_LIMITS,
): TokenDocument {
  const draft: Draft = {
    ...document,
    clear: { ...document.clear },
    edges: { ...document.edges },
    ended: { ...document.ended },
  };
  for (const operation of operations) include(draft, operation, horizon, limits);
  return compact(draft, horizon, limits);
}

function include(draft: Draft, operation: TokenOperation, horizon: string, limits: Limits): void {
  switch (operation.kind) {
    case 'bind':
      bind(draft, operation.accounts, operation, horizon, limits);
      break;
    case 'bindOverriding':
      override(draft, operation, horizon, limits);
      break;
    case 'unbind':
      unbind(draft, operation);
      break;
    case 'endSession':
      raise(draft.ended, operation.session, removalAt(operation.stamp));
      break;
    case 'unbindTokenFromAll':
      raise(draft.clear, '*', removalAt(operation.stamp));
      if (operation.session) raise(draft.ended, operation.session, removalAt(operation.stamp));
  }
}

/** A bind that comes late may be of a session that the document has forgotten: one that is there already is not. */
function bind(
  draft: Draft,
  accounts: readonly BoundAccount[],
  operation: BindOperation,
  horizon: string,
  { skewMs }: Limits,
): void {
  if (operation.stamp < horizon) return;
  for (const [place, account] of accounts.entries()) {
    const { session = operation.session, untilMs = operation.untilMs, issuedMs = operation.issuedMs } = account;
    const edge = bindAt(operation.stamp, place, { session, untilMs, issuedMs });
    const isThere = draft.edges[accountKey(account)] === edge;
    const isForgotten = !isThere && isBelowFloor(draft.endedFloor, edge, skewMs);
    raise(draft.edges, accountKey(account), isForgotten ? deadAt(edge) : edge, draft.floor);
  }
}

/** Clears at the event's phase 0 and binds at its phase 1: the token keeps the event's accounts and later ones. */
function override(
  draft: Draft,
  operation: Extract<TokenOperation, { kind: 'bindOverriding' }>,
  horizon: string,
  limits: Limits,
): void {
  const removal = removalAt(operation.stamp);
  if (operation.scope === 'token') {
    raise(draft.clear, '*', removal);
    bind(draft, operation.accounts, operation, horizon, limits);
    return;
  }
  const accounts = lastOfEachType(operation.accounts);
  for (const { type } of accounts) raise(draft.clear, String(type), removal, draft.clearFloor);
  bind(draft, accounts, operation, horizon, limits);
}

/** Also writes a removal of an account that was never bound: it stops a bind that is still on its way. */
function unbind(draft: Draft, { accounts, stamp, session }: Extract<TokenOperation, { kind: 'unbind' }>): void {
  for (const account of accounts.map(accountKey)) {
    raise(draft.edges, account, removalAt(stamp), draft.floor);
    if (session) raise(draft.ended, scoped(session, account), removalAt(stamp));
  }
}

/** Sets a register to a later value. A name without a register has the floor as its value. */
function raise(registers: Record<string, string>, name: string, value: string, floor = ''): void {
  const known = registers[name];
  if (known === undefined ? `${value}|${name}` > floor : value > known) registers[name] = value;
}

/** The last account of each type in the list (TPNS account binding, 2020-10-26). */
const lastOfEachType = (accounts: readonly BoundAccount[]): readonly BoundAccount[] => [
  ...new Map(accounts.map((account) => [account.type, account])).values(),
];

/** A document while it is being changed: its own copy of every register. */
export type Draft = {
  -readonly [K in keyof TokenDocument]: TokenDocument[K] extends string ? string : Record<string, string>;
};

/** The most entries of one document. With 128 accounts of 255 bytes it stays under 70 KB, far below DynamoDB's 400 KB. */
export const DOCUMENT_LIMITS = { edges: 128, clears: 64, sessions: 128, skewMs: SKEW_MS } as const;
export type Limits = { readonly [K in keyof typeof DOCUMENT_LIMITS]: number };

const DAY_MS = 86_400_000;

/**
 * The latest that an operation may come (ms): 7 days in the queue, 14 parked, 7 in the queue again after a redrive,
 * and 7 in the sender's outbox. An older bind is refused, so an older tombstone has nothing to stop.
 */
export const HORIZON_MS = 35 * DAY_MS;

/** A margin (ms) for a store, a machine or a clock that acts later than promised. */
export const LATENESS_MS = 14 * DAY_MS;

/** The horizon at a time, as text that sorts among stamps. */
export const horizonAt = (nowMs: number): string => beginningOf(nowMs - HORIZON_MS);

/**
 * Drops entries that can never matter again. Each rule uses the entries only, never the order in which they came. Beyond
 * the limits the oldest entries are dropped and leave a floor, below which all events are dead: a document that
 * overflows may lose a binding and never revives one.
 */
export function compact(draft: Draft, horizon: string, limits: Limits = DOCUMENT_LIMITS): TokenDocument {
  const everything = draft.clear['*'] ?? '';
  const clears = newest(
    kept(draft.clear, (type, removal) => type !== '*' && removal > everything),
    limits.clears,
  );
  const clear = everything === '' ? clears.kept : { '*': everything, ...clears.kept };
  const clearFloor = above(everything, clears.dropped, draft.clearFloor);

  for (const [account, edge] of Object.entries(draft.edges))
    if (isBind(edge) && (hasEnded(draft.ended, account, edge) || isLeft(edge, horizon)))
      draft.edges[account] = deadAt(edge);
  const past = beginningOf(msOf(horizon) - LATENESS_MS);
  const { ended, endedFloor } = sessionsAfter(draft, later(past, fenceOf(everything)), limits.sessions);

  const alive = kept(draft.edges, (account, edge) => edge > clearOf({ clear, clearFloor }, typeOf(account)));
  const edges = newest(alive, limits.edges);
  const expired = Object.entries(edges.kept).filter(([, edge]) => !isBind(edge) && edge < horizon);
  const floor = above(
    everything,
    edges.dropped,
    draft.floor,
    ...expired.map(([account, edge]) => `${edge}|${account}`),
  );
  return {
    clear,
    clearFloor,
    edges: expired.length === 0 ? edges.kept : kept(edges.kept, (_, edge) => isBind(edge) || edge >= horizon),
    floor,
    ended,
    endedFloor,
  };
}

/** Tests that a bind's lease ended before the horizon. */
function isLeft(edge: string, horizon: string): boolean {
  const end = leaseOf(edge);
  return end !== undefined && beginningOf(end) < horizon;
}

/**
 * Sessions that ended before this can stop no late bind: one that is later than a removal by the horizon has another
 * session. A bind that is known needs none of them, since it is stored as a removal once its session has ended.
 */
const fenceOf = (removal: Removal): string => beginningOf(msOf(removal) - HORIZON_MS);

const later = (a: string, b: string): string => (a > b ? a : b);

/** The sessions that ended after the fence, and a floor for those beyond the limit. */
function sessionsAfter({ ended, endedFloor }: Sessions, fence: string, limit: number): Sessions {
  const young = kept(ended, (session, logout) => logout > fence && `${logout}|${session}` > endedFloor);
  const sessions = newest(young, limit);
  return { ended: sessions.kept, endedFloor: above(fence, endedFloor, sessions.dropped) };
}

/** Ended sessions of a watermark. Documents keep their edges, so it needs more than a document: about 20 a day. */
const WATERMARK_LIMITS = { sessions: 1_024 } as const;

/** The watermark after the operation, in whatever order operations and their copies come. */
export function raised(
  watermark: Watermark,
  operation: AccountOperation,
  limits: { readonly sessions: number } = WATERMARK_LIMITS,
): Watermark {
  const draft = { ...watermark, spared: { ...watermark.spared }, ended: { ...watermark.ended } };
  const at = removalAt(operation.stamp);
  if (operation.kind === 'unbindAccountFromAll') draft.removal = at > draft.removal ? at : draft.removal;
  if (operation.kind === 'unbindAccountFromOthers') raise(draft.spared, operation.session, at);
  if (operation.kind === 'endAccountSession') raise(draft.ended, operation.session, at);
  // Two are enough: of the two newest at least one does not spare a given session.
  const spared = newest(
    kept(draft.spared, (_, other) => other > draft.removal),
    2,
  ).kept;
  return { removal: draft.removal, spared, ...sessionsAfter(draft, fenceOf(draft.removal), limits.sessions) };
}

/**
 * The time at which the store may delete the document (ms since 1970); undefined while it binds an account without end. By
 * then every bind that it could stop is refused for its age, with a margin of `LATENESS_MS`.
 */
export function expiryOf(document: TokenDocument): number | undefined {
  const ends = Object.values(document.edges).filter(isBind).map(leaseOf);
  if (ends.includes(undefined)) return undefined;
  return Math.max(...momentsOf(document).map(msOf), ...ends.map((end = 0) => end)) + HORIZON_MS + LATENESS_MS;
}

const kept = (registers: Registers, test: (name: string, value: string) => boolean): Registers =>
  Object.fromEntries(Object.entries(registers).filter(([name, value]) => test(name, value)));

/** The `limit` greatest entries, and the greatest of the others as `value|name`. */
function newest(registers: Registers, limit: number): { kept: Registers; dropped: string } {
  const entries = Object.entries(registers);
  if (entries.length <= limit) return { kept: registers, dropped: '' };
  const ranked = entries.map(([name, value]) => ({ entry: [name, value], rank: `${value}|${name}` }));
  ranked.sort((a, b) => (a.rank < b.rank ? 1 : -1));
  return {
    kept: Object.fromEntries(ranked.slice(0, limit).map(({ entry }) => entry)),
    dropped: ranked[limit]?.rank ?? '',
  };
}

/** The greatest floor; the empty text if a removal of everything is at least as late. */
function above(cleared: string, ...floors: readonly string[]): string {
  const floor = floors.reduce((a, b) => (a > b ? a : b), '');
  return floor > cleared ? floor : '';
}
