import type { Token } from '../core/account.ts';
import type { TokenDocument } from '../core/document.ts';
import type { Removal } from '../core/stamp.ts';
import type { AccountRef, Stored, TokenRef } from '../core/store.ts';
import type { StoredState } from '../mirror/state.ts';

/** A place in the store's own order, as the store says it. */
export type Place = string;

/** One item of the store. `idleMs`: since when (ms since 1970) the watermark is known to have no pointers beside it. */
export type SweepItem =
  | { readonly kind: 'document'; readonly ref: TokenRef; readonly stored: Stored }
  | { readonly kind: 'state'; readonly ref: TokenRef; readonly stored: StoredState }
  | { readonly kind: 'clear'; readonly ref: AccountRef; readonly removal: Removal; readonly idleMs?: number }
  | { readonly kind: 'pointer'; readonly ref: AccountRef; readonly token: Token; readonly edge: string }
  | { readonly kind: 'unreadable' };

/** Items in the store's order; `next` is absent on the last page. */
export type Page = { readonly items: readonly SweepItem[]; readonly next?: Place };

/** A sweep over the whole store: when it began (ms since 1970), and behind which place it goes on until it is done. */
export type Pass = { readonly begunMs: number; readonly isDone: boolean; readonly after?: Place };

/** The last pass as the store holds it; version 0 where there was none. */
export type StoredPass = { readonly pass: Pass | undefined; readonly version: number };

/**
 * What a sweep needs beside the registry: a way through everything, and the only deletes. Every call may throw
 * `Unavailable`; a write that threw may have happened all the same.
 */
export interface SweepStore {
  /**
   * Eventually consistent. An account's items come together, its watermark first; a token's state comes right after its
   * document. Either may be cut in two by the end of a page.
   */
  page(after: Place | undefined): Promise<Page>;
  /** Documents as they are or were a moment ago, at half the price. In the order asked. */
  glimpse(tokens: readonly TokenRef[]): Promise<(TokenDocument | undefined)[]>;
  /** Whether the account has any pointer. Strongly consistent. */
  hasPointers(account: AccountRef): Promise<boolean>;
  /** Only where it still stands at `edge`; says whether it did. */
  deletePointer(account: AccountRef, token: Token, edge: string): Promise<boolean>;
  /** Writes down since when the watermark has no pointers; forgotten as soon as it rises. Only where it still stands. */
  noteIdle(account: AccountRef, removal: Removal, sinceMs: number): Promise<boolean>;
  /** Only where it still stands at `removal`; says whether it did. */
  deleteClear(account: AccountRef, removal: Removal): Promise<boolean>;
  pass(): Promise<StoredPass>;
  /** Writes only over `version`; says whether it did. */
  savePass(pass: Pass, version: number): Promise<boolean>;
}
