import type { AccountKey } from './account.ts';
import { eventHash, isBind, type Removal } from './stamp.ts';

/**
 * What the registry knows of one token: last-writer-wins registers only, so that `merge` is commutative, associative
 * and idempotent. Every value is a stamp with its phase; the empty text is before all of them.
 */
export type TokenDocument = {
  /** The newest removal of everything (`*`), and of everything of one account type. */
  readonly clear: Registers;
  /** `removal|type`: an account type that is not in `clear` was last cleared here. */
  readonly clearFloor: string;
  /**
   * The last word on each account: a bind, or a removal that stays to stop a late bind. A bind that had a session ends
   * in `~` and the session.
   */
  readonly edges: Registers;
  /** `edge|account`: whatever is at or before it, of an account that is not in `edges`, is dead. */
  readonly floor: string;
  /** Sessions whose logout was seen, each with the newest such logout. */
  readonly ended: Registers;
};

/** Last-writer-wins registers by name. A name never is one that objects inherit: `*`, digits first, or a hexadecimal digest. */
export type Registers = Readonly<Record<string, string>>;

export const EMPTY: TokenDocument = { clear: {}, clearFloor: '', edges: {}, floor: '', ended: {} };

/** Whether the token holds the account. `accountClear` is the account's own watermark, or the empty text. */
export function isBound(document: TokenDocument, account: AccountKey, accountClear: string): boolean {
  const edge = document.edges[account];
  if (edge === undefined || !isBind(edge)) return false;
  if (edge <= clearOf(document, typeOf(account)) || edge <= accountClear) return false;
  const session = edge.split('~', 2)[1];
  return session === undefined || !hasEnded(document, session, account);
}

/** When the token last lost all accounts of this type. */
export function clearOf({ clear, clearFloor }: Pick<TokenDocument, 'clear' | 'clearFloor'>, type: string): Removal {
  return later(clear['*'] ?? '', later(clear[type] ?? '', clearFloor.split('|', 1)[0] ?? ''));
}

/** Accounts on which the last word was a bind, most of them bound: only the account's own watermark is not considered yet. */
export const candidates = (document: TokenDocument = EMPTY): AccountKey[] =>
  // Every key of `edges` was made by accountKey.
  (Object.keys(document.edges) as AccountKey[]).filter((account) => isBound(document, account, ''));

/** Every moment the document remembers. */
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
