import { type AccountKey, accountKey, accountOf, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';
import type { AccountRef, TokenRef } from '../core/registry-store.ts';

/** A table key. Ids of apps have no `#`, so each key can be read in one way only. */
export type Key = { readonly pk: string; readonly sk: string };

export const documentKey = ({ app, token }: TokenRef): Key => ({ pk: `T#${app}#${token}`, sk: 'D' });

/** What is known of a token on its hosted side: right behind its document. */
export const stateKey = (ref: TokenRef): Key => ({ ...documentKey(ref), sk: 'M' });

export const accountPartition = ({ app, account }: AccountRef): `A#${string}#${AccountKey}` =>
  `A#${app}#${accountKey(account)}`;

export const POINTER = 'T#';

export const pointerKey = (account: AccountRef, token: Token): Key => ({
  pk: accountPartition(account),
  sk: `${POINTER}${token}`,
});

/** Sorts before every pointer: whoever reads a partition in order knows the watermark before it comes to them. */
export const clearKey = (account: AccountRef): Key => ({ pk: accountPartition(account), sk: '#CLEAR' });

export const tokenOf = (pointerSk: string): Token => Token.parse(pointerSk.slice(POINTER.length));

/** The token whose partition it is. Throws a `$ZodError` where it is none. */
export function tokenRefOf(pk: string): TokenRef {
  const [app, name] = parted(pk);
  return { app: AppId.parse(app), token: Token.parse(name) };
}

/** The account whose partition it is. Throws a `$ZodError` where it is none. */
export function accountRefOf(pk: string): AccountRef {
  const [app, name] = parted(pk);
  // Whatever is not an account's key fails in `accountOf`, which parses its parts.
  return { app: AppId.parse(app), account: accountOf(name as AccountKey) };
}

/** `A#<app>#<name>` or `T#<app>#<name>` as the app and the name. Ids of apps have no `#`. */
function parted(pk: string): [app: string, name: string] {
  const end = pk.indexOf('#', 2);
  return end < 0 ? ['', ''] : [pk.slice(2, end), pk.slice(end + 1)];
}
