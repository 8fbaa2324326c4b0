import { AccountType } from '../functions/core/account.ts';
import type { AppEvent } from '../functions/events/sources/standard-webhooks.ts';
import { UserError } from '../local/user-error.ts';

/** The account type an option gives, if it does. */
export function accountTypeIn(text: string | undefined): AccountType | undefined {
  if (text === undefined) return undefined;
  const type = AccountType.safeParse(Number(text));
  if (type.success && /^\d+$/.test(text)) return type.data;
  throw new UserError(`--account-type ${text}: an account type is a number from 0 to 2147483647`);
}

/** The event that each command sends. */
export const COMMANDS = {
  login: 'user.login',
  logout: 'user.logout',
  'logout-everywhere': 'user.logout_everywhere',
  deleted: 'user.deleted',
  'token-changed': 'device.token_changed',
} as const satisfies Record<string, AppEvent['type']>;

export const EVENT_OPTIONS = {
  token: { type: 'string' },
  'old-token': { type: 'string' },
  account: { type: 'string', multiple: true },
  'account-type': { type: 'string' },
  app: { type: 'string' },
  platform: { type: 'string' },
  mode: { type: 'string' },
  scope: { type: 'string' },
  session: { type: 'string' },
  at: { type: 'string' },
} as const;

type Text = string | undefined;
export type EventValues = { readonly [K in Exclude<keyof typeof EVENT_OPTIONS, 'account'>]?: Text } & {
  readonly account?: readonly string[] | undefined;
};

/** What was asked for, as an event. Whether it is a valid one, the receiver says: it knows best. */
export function eventOf(command: string, values: EventValues, now: Date): object {
  const type = new Map<string, AppEvent['type']>(Object.entries(COMMANDS)).get(command);
  if (type === undefined)
    throw new UserError(`"${command}" is not an event: ${Object.keys(COMMANDS).join(', ')} are; see --help`);
  return { type, timestamp: values.at ?? now.toISOString(), data: dataOf(type, values) };
}

/** JSON leaves out what is undefined, so an option that is not given is not sent. */
function dataOf(type: AppEvent['type'], values: EventValues): object {
  const { app, platform, token, session: session_id, 'old-token': old_token, mode, scope } = values;
  const account_type = accountTypeIn(values['account-type']);
  const accounts = values.account?.map((account) => ({ account, account_type }));
  const one = { account: values.account?.[0], account_type };
  const named = accounts !== undefined && accounts.length > 1 ? { accounts } : one;
  switch (type) {
    case 'user.login':
      return { app, platform, token, ...named, mode, session_id };
    case 'user.logout':
      return { app, platform, token, ...one, scope, session_id };
    case 'user.logout_everywhere':
    case 'user.deleted':
      return { app, ...one };
    case 'device.token_changed':
      return { app, platform, old_token, token, accounts: accounts ?? [] };
  }
}
