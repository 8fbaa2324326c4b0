import type { AccountKey } from './account.ts';
import { eventHash, isBind, type Removal } from './stamp.ts';

/**
 * All that the registry stores of one token: last-writer-wins registers only, so that `merge` is commutative, associative
 * and idempotent. Every value is a stamp with its phase; the empty text is before all of them.
 */
export type TokenDocument = {
  /** The newest removal of all accounts (`*`), and of all accounts of one type. */
  readonly clear: Registers;
  /** `removal|type`: the last removal of every account type that is not in `clear`. */
  readonly clearFloor: string;
  /**
   * The newest event of each account: a bind, or a removal that stays to stop a late bind. A bind with a session ends in
   * `~` and the session.
   */
  readonly edges: Registers;
  /** `edge|account`: of an account that is not in `edges`, all events at or before it are dead. */
  readonly floor: string;
  /** Sessions that have ended, each with its newest logout. */
  readonly ended: Registers;
};

/** Last-writer-wins registers by name: `*`, a name that begins with a digit, or a digest. Objects inherit no such names. */
export type Registers = Readonly<Record<string, string>>;

export const EMPTY: TokenDocument = { clear: {}, clearFloor: '', edges: {}, floor: '', ended: {} };

/** Tests that the account is bound to the token. `accountClear`: the account's own watermark, or the empty text. */
export function isBound(document: TokenDocument, account: AccountKey, accountClear: string): boolean {
  const edge = document.edges[account];
  if (edge === undefined || !isBind(edge)) return false;
  if (edge <= clearOf(document, typeOf(account)) || edge <= accountClear) return false;
  const session = edge.split('~', 2)[1];
  return session === undefined || !hasEnded(document, session, account);
}

/** The last removal of all accounts of this type. */
export function clearOf({ clear, clearFloor }: Pick<TokenDocument, 'clear' | 'clearFloor'>, type: string): Removal {
  return later(clear['*'] ?? '', later(clear[type] ?? '', clearFloor.split('|', 1)[0] ?? ''));
}

/** Accounts that the document binds. Each is bound unless its own watermark, which is stored elsewhere, is later. */
export const candidates = (document: TokenDocument = EMPTY): AccountKey[] =>
  // Every key of `edges` was made by accountKey.
  (Object.keys(document.edges) as AccountKey[]).filter((account) => isBound(document, account, ''));

/** All moments that the document stores. */
export const momentsOf = ({ clear, clearFloor, edges, floor, ended }: TokenDocument): string[] => [
  ...Object.values(clear),
  clearFloor,
  ...Object.values(edges),
  floor,
  ...Object.values(ended),
];

export const typeOf = (account: string): string => account.slice(0, account.indexOf('#'));

const later = (a: string, b: string): string => (a > b ? a : b);

/** A logout of one account ends the session for that account alone. */
export const scoped = (session: string, account: string): string => eventHash(session, account);

const hasEnded = ({ ended }: TokenDocument, session: string, account: string): boolean =>
  ended[session] !== undefined || ended[scoped(session, account)] !== undefined;
