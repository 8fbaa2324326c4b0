import { type AccountKey, accountKey, Token } from '../core/account.ts';
import type { AccountRef, TokenRef } from '../core/registry-store.ts';

/** A table key. Ids of apps have no `#`, so each key can be read in one way only. */
export type Key = { readonly pk: string; readonly sk: string };

export const documentKey = ({ app, token }: TokenRef): Key => ({ pk: `T#${app}#${token}`, sk: 'D' });

export const accountPartition = ({ app, account }: AccountRef): `A#${string}#${AccountKey}` =>
  `A#${app}#${accountKey(account)}`;

export const POINTER = 'T#';

export const pointerKey = (account: AccountRef, token: Token): Key => ({
  pk: accountPartition(account),
  sk: `${POINTER}${token}`,
});

export const clearKey = (account: AccountRef): Key => ({ pk: accountPartition(account), sk: '#CLEAR' });

export const tokenOf = (pointerSk: string): Token => Token.parse(pointerSk.slice(POINTER.length));
