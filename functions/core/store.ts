import { type Account, accountKey, type Token } from './account.ts';
import type { AppId } from './configuration.ts';
import { momentsOf, type TokenDocument, type Watermark } from './document.ts';
import type { Installation } from './operation.ts';
import type { Unavailable } from './outcome.ts';
import { AT_ONCE, inParallel } from './parallel.ts';
import { digestOf, msOf, type Stamp } from './stamp.ts';

export type TokenRef = { readonly app: AppId; readonly token: Token };
export type AccountRef = { readonly app: AppId; readonly account: Account };

/** An account as keys name it: the sweep finds no other name there. */
export type HashedAccount = { readonly app: AppId; readonly digest: string };
export type AnyAccount = AccountRef | HashedAccount;

/**
 * An account's name in the keys of a store: 32 hexadecimal digits. It is no secret, because it can be tested against a
 * guessed name, but a list of keys is no list of people.
 */
export const accountDigest = (ref: AnyAccount): string =>
  'digest' in ref ? ref.digest : digestOf('account', ref.app, accountKey(ref.account)).slice(0, 32);

export type InstallationRef = { readonly app: AppId; readonly installation: Installation };

/** A login of an installation. Its stamp belongs to no other login. */
export type StampedLogin = { readonly token: Token; readonly stamp: Stamp };

/** A stored document. Versions count up by one from `firstVersion`. */
export type Stored = { readonly document: TokenDocument; readonly version: number };

/** A stored watermark; version 0 if there is none, or one of an older version of this code, which did not count. */
export type StoredWatermark = { readonly watermark: Watermark; readonly version: number };

/**
 * The version of a new record: the time of its newest moment (ms, at least 1). If versions counted from 1, a new record
 * could get the version of one that had expired and was deleted, and a slow writer would overwrite it.
 */
export const firstVersion = (record: TokenDocument | Watermark): number => Math.max(1, ...momentsOf(record).map(msOf));

/** An account's way to a token: `edge` is the newest bind of the two that was ever tried. */
export type Pointer = { readonly token: Token; readonly edge: string };

/** Some of an account's pointers, by token. `next`: the token after which the next page begins; undefined on the last. */
export type PointerPage = { readonly pointers: readonly Pointer[]; readonly next?: Token | undefined };

/** A pointer to raise. `isKnown`: the token has a document, so that its pointer is probably there. */
export type PointerWrite = Pointer & { readonly account: AccountRef; readonly isKnown: boolean };

/** A document to write over a version; 0 if there is no document. */
type DocumentWrite = {
  readonly ref: TokenRef;
  readonly document: TokenDocument;
  readonly version: number;
};

/** The result of a write: it happened, or another document is there. */
type Written = 'written' | { readonly winner: Stored | undefined };

/**
 * The store of the registry: single-item conditional writes and strongly consistent reads, no transaction, no index.
 * Results have the order of the parameters. Every call may throw `Unavailable`; a write that threw may have happened.
 */
export interface RegistryStore {
  /**
   * A document that this version cannot read is `Unavailable` itself: its neighbours can be read. `reads`: a store that
   * reads eventually reads these strongly.
   */
  documents(tokens: readonly TokenRef[], reads?: 'strong'): Promise<(Stored | undefined | Unavailable)[]>;
  /** Writes only over `version` (0: no document). Otherwise returns the document that is there now. */
  write(token: TokenRef, document: TokenDocument, version: number): Promise<Written>;
  /**
   * Writes documents of different tokens, each for itself and in few calls. Returns undefined for one that may have been
   * written or not, and never throws `Unavailable`: such a write is made alone.
   */
  writeAll(writes: readonly DocumentWrite[]): Promise<(Written | undefined)[]>;
  /** Sets the pointer to `edge`, unless it has this or a later one. */
  raisePointer(account: AccountRef, token: Token, edge: string): Promise<void>;
  /** Raises different pointers in few calls. Returns true for each that certainly is there now; never throws, as above. */
  raisePointers(pointers: readonly PointerWrite[]): Promise<boolean[]>;
  /**
   * A page of an account's pointers, by token, so that a caller may stop or go on later. Default: from the beginning, as
   * many as a page takes.
   */
  pointers(account: AnyAccount, after?: Token, most?: number): Promise<PointerPage>;
  /** The accounts' watermarks, strongly consistent. One that cannot be read is `Unavailable` itself, as above. */
  watermarks(accounts: readonly AnyAccount[]): Promise<(StoredWatermark | Unavailable)[]>;
  /** Writes only over what was read before. Otherwise returns the watermark that is there now. */
  writeWatermark(
    account: AnyAccount,
    watermark: Watermark,
    before: StoredWatermark,
  ): Promise<'written' | { winner: StoredWatermark }>;
  /** The newest login of the installation that was written. */
  newestLogin(installation: InstallationRef): Promise<StampedLogin | undefined>;
  /** Writes only over the login that was read before. Otherwise returns the one that is there now. */
  writeNewestLogin(
    installation: InstallationRef,
    login: StampedLogin,
    before: StampedLogin | undefined,
  ): Promise<'written' | { winner: StampedLogin | undefined }>;
}

/**
 * The most pointers that are used of one account. They are read in whole pages: about 460 read units. Of an account with
 * more, the newest tokens among these are shown: pointers have the order of tokens, because with that of time all logins of
 * an account would go to one partition.
 */
export const MOST_POINTERS = 10_000;

/** Pointers of an account, page by page, until there are `most` or none is left. */
export async function pointersOf(
  store: RegistryStore,
  account: AnyAccount,
  most: number,
): Promise<{ readonly pointers: Pointer[]; readonly isWhole: boolean }> {
  const pointers: Pointer[] = [];
  let next: Token | undefined;
  do {
    const page: PointerPage = await store.pointers(account, next);
    for (const pointer of page.pointers) pointers.push(pointer);
    next = page.next;
  } while (next !== undefined && pointers.length < most);
  return { pointers: pointers.slice(0, most), isWhole: next === undefined && pointers.length <= most };
}

/** A place in a list of accounts: the next one to read, and the last of its tokens that was read before. */
export type Place = { readonly account: number; readonly after?: Token | undefined };

/** A token that the account at a place in a list has a pointer to. */
export type PointedToken = AccountRef & TokenRef & { readonly place: number };

/** The pointers of accounts from a place on: at most `most`, and of at most as many accounts. `next`: undefined at the end. */
export async function pointersFrom(
  store: RegistryStore,
  accounts: readonly AccountRef[],
  from: Place,
  most: number,
): Promise<{ readonly pointed: readonly PointedToken[]; readonly next: Place | undefined }> {
  const end = Math.min(accounts.length, from.account + most);
  const pointed: PointedToken[] = [];
  let next = from;
  while (next.account < end && pointed.length < most) {
    const some = accounts.slice(next.account, Math.min(end, next.account + AT_ONCE));
    const left = most - pointed.length;
    const read = await readTogether(store, some, next, left);
    const taken = read.pointed.slice(0, left);
    pointed.push(...taken);
    const last = taken.at(-1);
    next = last && taken.length < read.pointed.length ? { account: last.place, after: last.token } : read.next;
  }
  return { pointed, next: next.account < accounts.length ? next : undefined };
}

/** Reads a page of each account. Uses them up to the first account that has more. */
async function readTogether(
  store: RegistryStore,
  accounts: readonly AccountRef[],
  { account: first, after }: Place,
  most: number,
) {
  const pages = await inParallel([...accounts.entries()], AT_ONCE, ([i, ref]) =>
    store.pointers(ref, i === 0 ? after : undefined, most),
  );
  const unfinished = pages.findIndex((page) => page.next !== undefined);
  const used = unfinished < 0 ? accounts : accounts.slice(0, unfinished + 1);
  const pointed = used.flatMap((ref, i) =>
    (pages[i]?.pointers ?? []).map(({ token }): PointedToken => ({ ...ref, place: first + i, token })),
  );
  const next: Place =
    unfinished < 0
      ? { account: first + accounts.length }
      : { account: first + unfinished, after: pages[unfinished]?.next };
  return { pointed, next };
}
