/** Bodies as the documents print them. */

export type Account = { readonly account: string; readonly account_type?: number | undefined };

const tokenAccounts = (operator_type: number, token: string, accounts: readonly Account[]) => ({
  operator_type,
  token_accounts: [{ token, account_list: accounts }],
});

export const bind = (token: string, ...accounts: Account[]) => tokenAccounts(1, token, accounts);
export const override = (token: string, ...accounts: Account[]) => tokenAccounts(2, token, accounts);
export const unbind = (token: string, ...accounts: Account[]) => tokenAccounts(3, token, accounts);
export const clearTokens = (...tokens: string[]) => ({ operator_type: 4, token_list: tokens });
export const clearAccounts = (...accounts: Account[]) => ({ operator_type: 5, account_list: accounts });

export const tokensOf = (...accounts: Account[]) => ({ operator_type: 1, account_list: accounts });
export const accountsOf = (...tokens: string[]) => ({ operator_type: 2, token_list: tokens });
