import * as z from 'zod/mini';
import { Account, Token } from './account.ts';
import { type App, AppId } from './configuration.ts';
import { Stamp } from './stamp.ts';

/** A digest of a login session's id: the session is recognised, its id is not kept. */
export const Session = z
  .string()
  .check(z.regex(/^[0-9a-f]{16}$/))
  .brand<'Session', 'inout'>();
export type Session = z.infer<typeof Session>;

/** Accounts one operation may name. */
export const MAX_ACCOUNTS = 100;

const Accounts = z.array(Account).check(z.minLength(1), z.maxLength(MAX_ACCOUNTS));

const onToken = { app: AppId, token: Token, stamp: Stamp };

/** The token gains the accounts. */
const Bind = z.object({ kind: z.literal('bind'), ...onToken, accounts: Accounts, session: z.optional(Session) });

/** The token ends with exactly these accounts: of all types, or, where `scope` is `types`, of the types it names. */
const BindOverriding = z.object({
  kind: z.literal('bindOverriding'),
  ...onToken,
  accounts: Accounts,
  scope: z.enum(['token', 'types']),
  session: z.optional(Session),
});

/** The token loses the accounts, and `session`, where it is given, can bind nothing on this token any more. */
const Unbind = z.object({ kind: z.literal('unbind'), ...onToken, accounts: Accounts, session: z.optional(Session) });

/** The token loses every account. */
const UnbindTokenFromAll = z.object({
  kind: z.literal('unbindTokenFromAll'),
  ...onToken,
  session: z.optional(Session),
});

/** The account loses every token of the app. */
const UnbindAccountFromAll = z.object({
  kind: z.literal('unbindAccountFromAll'),
  app: AppId,
  account: Account,
  stamp: Stamp,
});

/**
 * One change of the registry, complete in itself: what it does depends on nothing but its own fields, so that the copy
 * applied inside the request and the copy in the queue, today's or one from before a change of configuration, agree.
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

/** Whether an operation binds anything; the time rules treat binds and removals differently. */
export const binds = (operation: Operation): boolean =>
  operation.kind === 'bind' || operation.kind === 'bindOverriding';

/** How operations travel through the queue: all of one request together, under the request's id. */
export const OperationsMessage = z.object({
  v: z.literal(1),
  id: z.string().check(z.minLength(1), z.maxLength(256)),
  operations: z.array(Operation).check(z.minLength(1)),
});
export type OperationsMessage = z.infer<typeof OperationsMessage>;

/**
 * What an overriding bind replaces: every account of the token, or, where a token holds one account of each type, the
 * accounts of the types it names. Under that policy a bind that adds is an overriding bind too (TPNS, 2020-10-26).
 */
export const scopeOf = (app: App): 'token' | 'types' => (app.policy === 'many' ? 'token' : 'types');
