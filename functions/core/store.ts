import type { Account, Token } from './account.ts';
import type { AppId } from './configuration.ts';
import { momentsOf, type TokenDocument } from './document.ts';
import { msOf, type Removal } from './stamp.ts';

export type TokenRef = { readonly app: AppId; readonly token: Token };
export type AccountRef = { readonly app: AppId; readonly account: Account };

/** A document as the store holds it. Versions count up by one from `firstVersion`. */
export type Stored = { readonly document: TokenDocument; readonly version: number };

/**
 * The version of a document where there was none: the time of its newest moment (ms, at least 1). Counting from 1, a
 * document written anew after the store had deleted an expired one could be taken for the old one, and overwritten.
 */
export const firstVersion = (document: TokenDocument): number => Math.max(1, ...momentsOf(document).map(msOf));

/** "Look there": the account was bound to the token at `edge`, the newest bind that was ever tried. */
export type Pointer = { readonly token: Token; readonly edge: string };

/**
 * Where the registry is kept: single-item conditional writes and strongly consistent reads, no transaction, no index.
 * Lists answer in the order asked. Every call may throw `Unavailable`; a write that threw may have happened all the same.
 */
export interface RegistryStore {
  documents(tokens: readonly TokenRef[]): Promise<(Stored | undefined)[]>;
  /** Writes only over `version` (0: where there is none). Otherwise says what stands there now. */
  write(token: TokenRef, document: TokenDocument, version: number): Promise<'written' | { winner: Stored | undefined }>;
  /** Sets the pointer to `edge`, unless it is there and not earlier. */
  raisePointer(account: AccountRef, token: Token, edge: string): Promise<void>;
  /** All pointers of an account, in any order. */
  pointers(account: AccountRef): Promise<Pointer[]>;
  /** Sets the account's watermark to `removal`, unless it is there and not earlier. */
  raiseClear(account: AccountRef, removal: Removal): Promise<void>;
  /** The accounts' watermarks; the empty text where there is none. */
  clears(accounts: readonly AccountRef[]): Promise<Removal[]>;
}
