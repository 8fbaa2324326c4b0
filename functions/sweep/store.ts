import type { Token } from '../core/account.ts';
import type { TokenDocument } from '../core/document.ts';
import type { Unavailable } from '../core/outcome.ts';
import type {
  AnyAccount,
  HashedAccount,
  InstallationRef,
  StampedLogin,
  Stored,
  StoredWatermark,
  TokenRef,
} from '../core/store.ts';
import type { StoredState } from '../mirror/state.ts';

/** A place in the store's own order, in the store's own format. */
export type Place = string;

/** When an item was last written (ms since 1970), by the clock of the writer; items of earlier versions do not say. */
type Written = { readonly writtenMs?: number };

/** One item of the store. `idleMs`: the time (ms since 1970) when the watermark, or its old sessions, were first of no use. */
export type SweepItem =
  | ({ readonly kind: 'document'; readonly ref: TokenRef; readonly stored: Stored } & Written)
  | { readonly kind: 'state'; readonly ref: TokenRef; readonly stored: StoredState }
  | ({
      readonly kind: 'watermark';
      readonly ref: HashedAccount;
      readonly stored: StoredWatermark;
      readonly idleMs?: number;
    } & Written)
  | { readonly kind: 'pointer'; readonly ref: HashedAccount; readonly token: Token; readonly edge: string }
  | { readonly kind: 'installation'; readonly ref: InstallationRef; readonly login: StampedLogin }
  | { readonly kind: 'unreadable' };

/** Items in the store's order; `next` is absent on the last page. */
export type Page = { readonly items: readonly SweepItem[]; readonly next?: Place };

/**
 * A sweep over the whole store: its beginning (ms since 1970) and that of the one before, and the place after which it
 * continues until done.
 */
export type Pass = {
  readonly begunMs: number;
  readonly beforeMs?: number | undefined;
  readonly isDone: boolean;
  readonly after?: Place;
};

/** The last pass in the store; version 0 if there is none. */
export type StoredPass = { readonly pass: Pass | undefined; readonly version: number };

/**
 * Reads through all items of the registry, and makes its only deletes. Every call may throw `Unavailable`; a write that
 * threw may have happened all the same.
 */
export interface SweepStore {
  /**
   * Eventually consistent. An account's items come together, its watermark first; a token's state comes right after its
   * document. The end of a page may separate them.
   */
  page(after: Place | undefined): Promise<Page>;
  /** Returns documents, eventually consistent, at half the price. In the order of the tokens. */
  glimpse(tokens: readonly TokenRef[]): Promise<(TokenDocument | undefined | Unavailable)[]>;
  /** Returns true if the account has any pointer. Strongly consistent. */
  hasPointers(account: AnyAccount): Promise<boolean>;
  /** Deletes the pointer only if it still has this `edge`; returns whether it did. */
  deletePointer(account: AnyAccount, token: Token, edge: string): Promise<boolean>;
  /**
   * Saves the time since when the watermark, or its old sessions, are of no use, only if it has not changed. Any change
   * makes it void.
   */
  noteIdle(account: AnyAccount, before: StoredWatermark, sinceMs: number): Promise<boolean>;
  /** Deletes the watermark only if it has not changed; returns whether it did. */
  deleteWatermark(account: AnyAccount, before: StoredWatermark): Promise<boolean>;
  /** Deletes an installation's newest login only if it is still this one; returns whether it did. */
  deleteLogin(installation: InstallationRef, login: StampedLogin): Promise<boolean>;
  pass(): Promise<StoredPass>;
  /** Writes only over `version`; returns whether it did. */
  savePass(pass: Pass, version: number): Promise<boolean>;
}
