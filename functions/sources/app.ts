import * as z from 'zod';
import { AccountId, AccountType, Platform, Token } from '../core/account.ts';
import { AppId } from '../core/configuration.ts';

/** Events one request may carry. */
export const MAX_EVENTS = 100;

/** Accounts one event may name. */
export const MAX_ACCOUNTS = 10;

const SessionId = z.string().min(1).max(256);
const AccountInput = z.strictObject({ account: AccountId, account_type: AccountType.optional() });
const onApp = { app: AppId.optional(), platform: Platform.optional() };

const LoginData = z
  .strictObject({
    ...onApp,
    token: Token,
    account: AccountId.optional(),
    account_type: AccountType.optional(),
    accounts: z.array(AccountInput).min(1).max(MAX_ACCOUNTS).optional(),
    mode: z.enum(['override', 'append']).default('override'),
    session_id: SessionId.optional(),
  })
  .refine(({ account, accounts }) => (account === undefined) !== (accounts === undefined), {
    path: ['account'],
    message: 'a login names "account" or "accounts", and not both',
  })
  .refine(({ accounts, account_type }) => accounts === undefined || account_type === undefined, {
    path: ['account_type'],
    message: '"account_type" goes with "account"; each of "accounts" has its own',
  });

const LogoutData = z
  .strictObject({
    ...onApp,
    token: Token,
    scope: z.enum(['token', 'account']).default('token'),
    account: AccountId.optional(),
    account_type: AccountType.optional(),
    session_id: SessionId.optional(),
  })
  .refine(({ scope, account }) => scope === 'token' || account !== undefined, {
    path: ['account'],
    message: 'a logout with the scope "account" names the account',
  });

const EverywhereData = z.strictObject({
  app: AppId.optional(),
  account: AccountId,
  account_type: AccountType.optional(),
});

const TokenChangedData = z.strictObject({
  ...onApp,
  old_token: Token,
  token: Token,
  accounts: z.array(AccountInput).max(MAX_ACCOUNTS),
});

/** Milliseconds since 1970. What is finer than a millisecond is cut off. */
const EventTime = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const EventId = z.string().min(1).max(256);
const envelope = { timestamp: EventTime, id: EventId.optional() };

/**
 * An event of the app's own auth flow, in the envelope of Standard Webhooks: `type`, `timestamp` (when it happened, the
 * same on every attempt), `data`. Keys that are not part of an event are refused: a misspelt one would change its meaning.
 */
export const AppEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('user.login'), ...envelope, data: LoginData }),
  z.strictObject({ type: z.literal('user.logout'), ...envelope, data: LogoutData }),
  z.strictObject({ type: z.literal('user.logout_everywhere'), ...envelope, data: EverywhereData }),
  z.strictObject({ type: z.literal('user.deleted'), ...envelope, data: EverywhereData }),
  z.strictObject({ type: z.literal('device.token_changed'), ...envelope, data: TokenChangedData }),
]);
export type AppEvent = z.infer<typeof AppEvent>;

/** A request's body: one event, or up to 100, each with an id of its own. */
const Batch = z
  .array(AppEvent)
  .min(1)
  .max(MAX_EVENTS)
  .superRefine((events, context) => {
    for (const [i, { id }] of events.entries())
      if (id === undefined)
        context.addIssue({ code: 'custom', path: [i, 'id'], message: 'an event in a list has an id' });
  });

export type Issue = { readonly path: string; readonly message: string };

/** Reads a body's events, or says everything that is wrong with it. Messages never quote what was sent. */
export function readAppEvents(body: unknown): { events: AppEvent[] } | { issues: Issue[] } {
  const result = Array.isArray(body) ? Batch.safeParse(body) : AppEvent.safeParse(body);
  if (result.success) return { events: [result.data].flat() };
  return {
    issues: result.error.issues.map(({ path, message, code }) => ({
      path: path.join('.'),
      message: said(code, message),
    })),
  };
}

/** zod quotes unknown keys, and a key may be an account. */
const said = (code: string, message: string): string =>
  code === 'unrecognized_keys' ? 'has a key that is not part of this event' : message;
