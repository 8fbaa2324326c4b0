import * as z from 'zod/mini';
import { Account, Token } from './account.ts';
import { type App, AppId } from './configuration.ts';
import { digestOf, eventHash, LAST_MS, Stamp } from './stamp.ts';

/** A digest of a login session's id, so that a session is recognised without its id being stored. */
export const Session = z
  .string()
  .check(z.regex(/^[0-9a-f]{16}$/))
  .brand<'Session', 'inout'>();
export type Session = z.infer<typeof Session>;

export function sessionOf(id: string): Session;
export function sessionOf(id: string | undefined): Session | undefined;
export function sessionOf(id: string | undefined): Session | undefined {
  return id === undefined ? undefined : Session.parse(eventHash('session', id));
}

/** A digest of the id of an app's installation on a device. Longer than that of a session: apps have many more. */
export const Installation = z
  .string()
  .check(z.regex(/^[0-9a-f]{32}$/))
  .brand<'Installation', 'inout'>();
export type Installation = z.infer<typeof Installation>;

export const installationOf = (id: string | undefined): Installation | undefined =>
  id === undefined ? undefined : Installation.parse(digestOf('installation', id).slice(0, 32));

/** The most accounts of one operation. */
export const ACCOUNTS_PER_OPERATION = 100;

export const Ms = z.int().check(z.gte(0), z.lte(LAST_MS));

/** The terms of a bind (`BindTerms`). */
const terms = { session: z.optional(Session), untilMs: z.optional(Ms), issuedMs: z.optional(Ms) };

/** An account to bind. Its own terms, which it keeps when it moves to another token, come before the operation's. */
const BoundAccount = z.extend(Account, terms);
export type BoundAccount = z.infer<typeof BoundAccount>;

const someOf = <T extends z.ZodMiniType>(account: T) =>
  z.array(account).check(z.minLength(1), z.maxLength(ACCOUNTS_PER_OPERATION));

const onToken = { app: AppId, token: Token, stamp: Stamp };

/** An installation has one token: what its login binds takes the bindings of its other tokens away. */
const login = { accounts: someOf(BoundAccount), ...terms, installation: z.optional(Installation) };

/** Binds the accounts to the token. */
const Bind = z.object({ kind: z.literal('bind'), ...onToken, ...login });

/** Replaces the token's accounts by these: all of them or, with the scope `types`, those of the types that it names. */
const BindOverriding = z.object({
  kind: z.literal('bindOverriding'),
  ...onToken,
  ...login,
  scope: z.enum(['token', 'types']),
});

/** Removes the accounts from the token. From then on the session, if there is one, cannot bind them to this token. */
const Unbind = z.object({
  kind: z.literal('unbind'),
  ...onToken,
  accounts: someOf(Account),
  session: z.optional(Session),
});

/** Removes what the session has bound to the token, and nothing else. */
const EndSession = z.object({ kind: z.literal('endSession'), ...onToken, session: Session });

/** Removes every account from the token. */
const UnbindTokenFromAll = z.object({
  kind: z.literal('unbindTokenFromAll'),
  ...onToken,
  session: z.optional(Session),
});

const onAccount = { app: AppId, account: Account, stamp: Stamp };

/** Removes the account from every token of the app. */
const UnbindAccountFromAll = z.object({ kind: z.literal('unbindAccountFromAll'), ...onAccount });

/** Removes the account from every token of the app, except what one session has bound. */
const UnbindAccountFromOthers = z.object({
  kind: z.literal('unbindAccountFromOthers'),
  ...onAccount,
  session: Session,
});

/** Removes what the session has bound of this account, on every token of the app. */
const EndAccountSession = z.object({ kind: z.literal('endAccountSession'), ...onAccount, session: Session });

/**
 * One change of the registry, complete in itself: its effect depends on its own fields only. So the copy that a door
 * applies and the copy in the queue agree, even if the configuration changes in between.
 */
export const Operation = z.discriminatedUnion('kind', [
  Bind,
  BindOverriding,
  Unbind,
  EndSession,
  UnbindTokenFromAll,
  UnbindAccountFromAll,
  UnbindAccountFromOthers,
  EndAccountSession,
]);
export type Operation = z.infer<typeof Operation>;

export type TokenOperation = Extract<Operation, { token: Token }>;
export type AccountOperation = Exclude<Operation, TokenOperation>;

export const isTokenOperation = (operation: Operation): operation is TokenOperation => 'token' in operation;

export type BindOperation = Extract<Operation, { kind: 'bind' | 'bindOverriding' }>;

/** Tests that an operation binds accounts; the time rules treat binds and removals differently. */
export const binds = (operation: Operation): operation is BindOperation =>
  operation.kind === 'bind' || operation.kind === 'bindOverriding';

/** A bind that names the installation of its token. */
export type InstallationLogin = BindOperation & { readonly installation: Installation };

export const namesInstallation = (operation: Operation): operation is InstallationLogin =>
  binds(operation) && operation.installation !== undefined;

/**
 * A message of the operations queue: all operations of one request, with the request's id. `v` is 2 or 3 if an operation
 * has terms that an older version would leave out: it cannot read such a message, and leaves it to a newer one. The ledger
 * alone uses `from` and `acceptedMs`, which messages of older versions lack: the sender, such as `events/<source>`,
 * `account-api/<app>` or `import`, and the time (ms since 1970) at which a door accepted the request.
 */
export const OperationsMessage = z.object({
  v: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  id: z.string().check(z.minLength(1), z.maxLength(256)),
  from: z.optional(z.string().check(z.maxLength(256))),
  acceptedMs: z.optional(Ms),
  operations: z.array(Operation).check(z.minLength(1)),
});
export type OperationsMessage = z.infer<typeof OperationsMessage>;

/** The request that operations are of. */
export type Origin = Omit<OperationsMessage, 'v' | 'operations'>;

export function messageOf({ id, from, acceptedMs }: Origin, operations: readonly Operation[]): OperationsMessage {
  const versions = operations.map(versionOf);
  return {
    v: versions.includes(3) ? 3 : versions.includes(2) ? 2 : 1,
    id,
    from,
    acceptedMs,
    operations: [...operations],
  };
}

function versionOf(operation: Operation): OperationsMessage['v'] {
  if (!binds(operation)) return 1;
  const { accounts, installation } = operation;
  const terms = [operation, ...accounts];
  if (terms.some(({ issuedMs }) => issuedMs !== undefined)) return 3;
  const isLeased = terms.some(({ untilMs }) => untilMs !== undefined);
  return isLeased || installation !== undefined || accounts.some(({ session }) => session !== undefined) ? 2 : 1;
}

/**
 * The accounts that an overriding bind replaces: all of the token or, under the policy `one-per-type`, those of the types
 * it names. Under that policy a bind that adds is an overriding bind too (TPNS, 2020-10-26).
 */
export const scopeOf = (app: Pick<App, 'policy'>): 'token' | 'types' => (app.policy === 'many' ? 'token' : 'types');
