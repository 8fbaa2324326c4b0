import type { Account, Token } from '../../functions/core/account.ts';
import { present } from './random.ts';
import { isSame } from './serial.ts';

type Shown = { readonly token: Token; readonly account: Account; readonly isShown: boolean };

/** Each of the tokens with each of the accounts, shown if it is among those found of the token. */
export const shownOfTokens = (
  tokens: readonly Token[],
  accounts: readonly Account[],
  found: readonly (readonly Account[])[],
): Shown[] =>
  tokens.flatMap((token, i) =>
    accounts.map((account) => ({ token, account, isShown: present(found[i]).some((one) => isSame(one, account)) })),
  );

/** Each of the accounts with each of the tokens, shown if it is among those found of the account. */
export const shownOfAccounts = (
  accounts: readonly Account[],
  tokens: readonly Token[],
  found: readonly (readonly Token[])[],
): Shown[] =>
  accounts.flatMap((account, i) =>
    tokens.map((token) => ({ token, account, isShown: present(found[i]).includes(token) })),
  );
