import * as z from 'zod/mini';
import { Account, Token } from './account.ts';
import { type App, AppId } from './configuration.ts';
import { Stamp } from './stamp.ts';

/** A digest of a login session's id, so that a session is recognised without its id being stored. */
export const Session = z
  .string()
  .check(z.regex(/^[0-9a-f]{16}$/))
  .brand<'Session', 'inout'>();
export type Session = z.infer<typeof Session>;

/** The most accounts of one operation. */
export const ACCOUNTS_PER_OPERATION = 100;

const Accounts = z.array(Account).check(z.minLength(1), z.maxLength(ACCOUNTS_PER_OPERATION));

const onToken = { app: AppId, token: Token, stamp: Stamp };

/** Binds the accounts to the token. */
const Bind = z.object({ kind: z.literal('bind'), ...onToken, accounts: Accounts, session: z.optional(Session) });

/** Replaces the token's accounts by these: all of them or, with the scope `types`, those of the types that it names. */
const BindOverriding = z.object({
  kind: z.literal('bindOverriding'),
  ...onToken,
  accounts: Accounts,
  scope: z.enum(['token', 'types']),
  session: z.optional(Session),
});

/** Removes the accounts from the token. From then on the session, if there is one, cannot bind them to this token. */
const Unbind = z.object({ kind: z.literal('unbind'), ...onToken, accounts: Accounts, session: z.optional(Session) });

/** Removes every account from the token. */
const UnbindTokenFromAll = z.object({
  kind: z.literal('unbindTokenFromAll'),
  ...onToken,
  session: z.optional(Session),
});

/** Removes the account from every token of the app. */
const UnbindAccountFromAll = z.object({
  kind: z.literal('unbindAccountFromAll'),
  app: AppId,
  account: Account,
  stamp: Stamp,
});

/**
 * One change of the registry, complete in itself: its effect depends on its own fields only. So the copy that a door
 * applies and the copy in the queue agree, even if the configuration changes in between.
 */
export const Operation = z.discriminatedUnion('kind', [
  Bind,
  BindOverriding,
  Unbind,
  UnbindTokenFromAll,
  UnbindAccountFromAll,
]);
export type Operation = z.infer<typeof Operation>;

export type TokenOperation = Exclude<Operation, { kind: 'unbindAccountFromAll' }>;
export type AccountOperation = Extract<Operation, { kind: 'unbindAccountFromAll' }>;

export const isTokenOperation = (operation: Operation): operation is TokenOperation =>
  operation.kind !== 'unbindAccountFromAll';

/** Tests that an operation binds accounts; the time rules treat binds and removals differently. */
export const binds = (operation: Operation): boolean =>
  operation.kind === 'bind' || operation.kind === 'bindOverriding';

/** A message of the operations queue: all operations of one request, with the request's id. */
export const OperationsMessage = z.object({
  v: z.literal(1),
  id: z.string().check(z.minLength(1), z.maxLength(256)),
  operations: z.array(Operation).check(z.minLength(1)),
});
export type OperationsMessage = z.infer<typeof OperationsMessage>;

/**
 * The accounts that an overriding bind replaces: all of the token or, under the policy `one-per-type`, those of the types
 * it names. Under that policy a bind that adds is an overriding bind too (TPNS, 2020-10-26).
 */
export const scopeOf = (app: App): 'token' | 'types' => (app.policy === 'many' ? 'token' : 'types');
