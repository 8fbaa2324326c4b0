import { AccountType } from '../functions/core/account.ts';
import { UserError } from '../local/user-error.ts';

/** The account type an option gives, if it does. */
export function accountTypeIn(text: string | undefined): AccountType | undefined {
  if (text === undefined) return undefined;
  const type = AccountType.safeParse(Number(text));
  if (type.success && /^\d+$/.test(text)) return type.data;
  throw new UserError(`--account-type ${text}: an account type is a number from 0 to 2147483647`);
}
