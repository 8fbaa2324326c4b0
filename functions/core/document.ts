import type { AccountKey } from './account.ts';
import { asIssued, eventHash, isBind, leaseOf, msOf, type Removal, sessionIn } from './stamp.ts';

/**
 * All that the registry stores of one token: last-writer-wins registers only, so that `merge` is commutative, associative
 * and idempotent. Every value is a stamp with its phase; the empty text is before all of them.
 */
export type TokenDocument = Sessions & {
  /** The newest removal of all accounts (`*`), and of all accounts of one type. */
  readonly clear: Registers;
  /** `removal|type`: the last removal of every account type that is not in `clear`. */
  readonly clearFloor: string;
  /**
   * The newest event of each account: a bind, or a removal that stays to stop a late bind. The bind of a session that has
   * ended is stored as a removal.
   */
  readonly edges: Registers;
  /** `edge|account`: of an account that is not in `edges`, all events at or before it are dead. */
  readonly floor: string;
};

/** Sessions that have ended. */
export type Sessions = {
  /** Each with its newest logout. */
  readonly ended: Registers;
  /** `removal|session`: late binds at or before it are dead, unless they have no session. */
  readonly endedFloor: string;
};

/**
 * All that the registry stores of an account as a whole: its sign-outs everywhere, and its sessions that have ended on
 * every token. Last-writer-wins registers too.
 */
export type Watermark = Sessions & {
  /** The newest sign-out everywhere. */
  readonly removal: Removal;
  /** The newest sign-out of all other sessions, by the session that stays. */
  readonly spared: Registers;
};

/** Last-writer-wins registers by name: `*`, a name that begins with a digit, or a digest. Objects inherit no such names. */
export type Registers = Readonly<Record<string, string>>;

export const EMPTY: TokenDocument = { clear: {}, clearFloor: '', edges: {}, floor: '', ended: {}, endedFloor: '' };
export const UNMARKED: Watermark = { removal: '', spared: {}, ended: {}, endedFloor: '' };

/** Clocks may disagree by this (ms) about a session that the limits have dropped. Of all others they may say anything. */
export const SKEW_MS = 60_000;

/** Tests that the account is bound to the token at a time (ms since 1970). */
export function isBound(document: TokenDocument, account: AccountKey, watermark: Watermark, nowMs: number): boolean {
  const edge = document.edges[account];
  if (edge === undefined || !isBind(edge)) return false;
  if (edge <= clearOf(document, typeOf(account)) || isRemoved(watermark, edge)) return false;
  // Only documents of older versions still name the session of a dead bind.
  const { ended } = document;
  return nowMs < (leaseOf(edge) ?? Number.POSITIVE_INFINITY) && !hasEnded(ended, account, edge);
}

/** Tests that an account's watermark removes this bind. */
export function isRemoved(watermark: Watermark, bind: string): boolean {
  const edge = asIssued(bind);
  return (
    edge <= watermark.removal ||
    Object.entries(watermark.spared).some(([session, removal]) => edge <= removal && session !== sessionIn(edge)) ||
    hasEnded(watermark.ended, '', edge) ||
    isBelowFloor(watermark.endedFloor, edge)
  );
}

/** Tests that the session of this bind has ended, as a whole or for its account alone. */
export function hasEnded(ended: Registers, account: string, edge: string): boolean {
  const session = sessionIn(edge);
  if (session === undefined) return false;
  return ended[session] !== undefined || ended[scoped(session, account)] !== undefined;
}

/** Tests that the session of this bind may be one that the limits have dropped. */
export const isBelowFloor = (endedFloor: string, edge: string, skewMs: number = SKEW_MS): boolean =>
  endedFloor !== '' && sessionIn(edge) !== undefined && msOf(edge) <= msOf(endedFloor) + skewMs;

/** The last removal of all accounts of this type. */
export function clearOf({ clear, clearFloor }: Pick<TokenDocument, 'clear' | 'clearFloor'>, type: string): Removal {
  return later(clear['*'] ?? '', later(clear[type] ?? '', clearFloor.split('|', 1)[0] ?? ''));
}

/** Accounts that the document binds. Each is bound unless its watermark, which is stored elsewhere, removes it. */
export const candidates = (document: TokenDocument, nowMs: number): AccountKey[] =>
  // Every key of `edges` was made by accountKey.
  (Object.keys(document.edges) as AccountKey[]).filter((account) => isBound(document, account, UNMARKED, nowMs));

/** The binds of a document that the one before does not have. Each needs a pointer. */
export const newBinds = (before: TokenDocument | undefined, { edges }: TokenDocument): [AccountKey, string][] =>
  // Every key of `edges` was made by accountKey.
  (Object.entries(edges) as [AccountKey, string][]).filter(
    ([account, edge]) => isBind(edge) && before?.edges[account] !== edge,
  );

/** All moments that a document or a watermark stores. */
export const momentsOf = (record: TokenDocument | Watermark): string[] =>
  Object.values(record).flatMap((part: string | Registers) => (typeof part === 'string' ? part : Object.values(part)));

export const typeOf = (account: string): string => account.slice(0, account.indexOf('#'));

const later = (a: string, b: string): string => (a > b ? a : b);

/** A logout of one account ends the session for that account alone. */
export const scoped = (session: string, account: string): string => eventHash(session, account);
