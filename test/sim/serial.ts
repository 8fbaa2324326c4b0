import type { Account, Token } from '../../functions/core/account.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import {
  type BindOperation,
  binds,
  type InstallationLogin,
  namesInstallation,
  type Operation,
  type TokenOperation,
} from '../../functions/core/operation.ts';
import { BEGINNING_MS } from './cast.ts';

/** A binding's name: app, token and account in one text. */
export type Pair = string;

export const pairOf = (app: AppId, token: Token, { type, id }: Account): Pair => `${app} ${token} ${type} ${id}`;

/** A binding, and the operation that made it. */
export type Bound = {
  readonly app: AppId;
  readonly token: Token;
  readonly account: Account;
  readonly by: BindOperation;
};

/**
 * The specification, written without registers, watermarks or merging: operations happen one after the other, in the
 * order of their stamps, to a set of bindings. What a session bound is gone if that session's logout is among them.
 */
export function serial(operations: readonly Operation[]): Map<Pair, Bound> {
  const bound = serialByStamps(operations);
  for (const [pair, binding] of bound)
    if (operations.some((operation) => ends(operation, binding)) || takenAway(operations, binding) === 'removed')
      bound.delete(pair);
  return bound;
}

/** The serial order by clocks alone: a session's logout counts only by its stamp. */
const serialByStamps = (operations: readonly Operation[]): Map<Pair, Bound> => inOrder([...operations].sort(byTime));

/** The terms of an account in a bind: its own, which it keeps when it moves, come before those of the bind. */
function termsOf(by: BindOperation, account: Account) {
  const own = by.accounts.findLast((one) => isSame(one, account));
  const { session = by.session, untilMs = by.untilMs, issuedMs = by.issuedMs } = own ?? by;
  return { session, untilMs, issuedMs };
}

/** When the lease of a binding ends (ms after the beginning). */
export const leaseEnd = ({ by, account }: Pick<Bound, 'by' | 'account'>): number =>
  (termsOf(by, account).untilMs ?? Number.POSITIVE_INFINITY) - BEGINNING_MS;

/**
 * The pairs that copies of one event bind with different terms. A token change moves what is bound when it is accepted:
 * its copies may move the binds of different sessions, and one of them counts.
 */
export function disputed(operations: readonly Operation[]): Set<Pair> {
  const binding = Map.groupBy(operations.filter(binds), ({ stamp }) => stamp).values();
  return new Set(
    [...binding].flatMap((copies) => {
      const all = copies.flatMap((by) => by.accounts.map((account) => ({ by, account })));
      const isDisputed = (one: Account) =>
        new Set(
          copies
            .filter(({ accounts }) => accounts.some((other) => isSame(other, one)))
            .map((by) => JSON.stringify(termsOf(by, one))),
        ).size > 1;
      return all
        .filter(({ account }) => isDisputed(account))
        .map(({ by, account }) => pairOf(by.app, by.token, account));
    }),
  );
}

/** Returns the bindings after operations that happened in the order given. */
export function inOrder(operations: readonly Operation[]): Map<Pair, Bound> {
  const bound = new Map<Pair, Bound>();
  for (const operation of operations) happen(bound, operation);
  return bound;
}

/**
 * Returns the effect of an operation alone on a binding. The newest operation that does anything to it decides: by this the
 * answer to a single question can be checked while operations are still on their way. What depends on the session of a bind,
 * `ends` says.
 */
export function effectOn(operation: Operation, about: Omit<Bound, 'by'>): 'binds' | 'removes' | undefined {
  if (operation.app !== about.app) return undefined;
  if (operation.kind === 'unbindAccountFromAll')
    return isSame(operation.account, about.account) ? 'removes' : undefined;
  if (!('token' in operation) || operation.kind === 'endSession' || operation.token !== about.token) return undefined;
  if (operation.kind === 'unbindTokenFromAll') return 'removes';
  const isNamed = operation.accounts.some((one) => isSame(one, about.account));
  if (operation.kind === 'bindOverriding') return effectOfOverride(operation, about.account, isNamed);
  if (!isNamed) return undefined;
  return operation.kind === 'bind' ? 'binds' : 'removes';
}

function effectOfOverride({ scope, accounts }: Override, account: Account, isNamed: boolean) {
  if (scope === 'token') return isNamed ? 'binds' : 'removes';
  const lastOfType = accounts.findLast(({ type }) => type === account.type);
  if (lastOfType === undefined) return undefined;
  return isSame(lastOfType, account) ? 'binds' : 'removes';
}

type Override = Extract<TokenOperation, { kind: 'bindOverriding' }>;

/** Earlier first. In one millisecond a removal is the last, so that a tie ends unbound; the rest is arbitrary and fixed. */
export function byTime(a: Operation, b: Operation): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  return x.ms - y.ms || rankOf(a) - rankOf(b) || (x.rest < y.rest ? -1 : x.rest > y.rest ? 1 : 0);
}

const rankOf = ({ kind }: Operation): number => (kind === 'bind' ? 1 : kind === 'bindOverriding' ? 2 : 3);

/** A stamp's time, and its event and element: `<ms>.<kind>.<rest>`. */
const partsOf = ({ stamp }: Operation) => ({ ms: Number(stamp.split('.', 1)[0]), rest: stamp.slice(16) });

function happen(bound: Map<Pair, Bound>, operation: Operation): void {
  const remove = (isMeant: (binding: Bound) => boolean) => {
    for (const [pair, binding] of bound) if (binding.app === operation.app && isMeant(binding)) bound.delete(pair);
  };
  const isCopy = (by: Operation) => by !== operation && by.stamp === operation.stamp;
  switch (operation.kind) {
    case 'unbindAccountFromAll':
      remove(({ account }) => isSame(account, operation.account));
      break;
    case 'unbindTokenFromAll':
      remove(({ token }) => token === operation.token);
      break;
    case 'unbind':
      remove(
        ({ token, account }) => token === operation.token && operation.accounts.some((one) => isSame(one, account)),
      );
      break;
    case 'bindOverriding':
      // Copies of one event happen at once.
      if (operation.scope === 'token') remove(({ token, by }) => token === operation.token && !isCopy(by));
      add(bound, operation, ({ type }) => {
        // One account of a type at a time, each in place of all others of its type.
        if (operation.scope === 'types')
          remove(({ token, account, by }) => token === operation.token && account.type === type && !isCopy(by));
      });
      break;
    case 'bind':
      add(bound, operation, () => {});
  }
}

function add(bound: Map<Pair, Bound>, by: Bound['by'], beforeEach: (account: Account) => void): void {
  const { app, token } = by;
  for (const account of by.accounts) {
    beforeEach(account);
    bound.set(pairOf(app, token, account), { app, token, account, by });
  }
}

/** Returns true if the operation removes the binding because of the session that made it, or of its bearer. */
export function ends(operation: Operation, { app, token, account, by }: Bound): boolean {
  if (operation.app !== app) return false;
  const { session, issuedMs = Number.POSITIVE_INFINITY } = termsOf(by, account);
  // A sign-out of the account sees a bind as of the issue of its bearer. In the same millisecond it is the later one.
  const isIssuedBefore = issuedMs <= partsOf(operation).ms;
  if (operation.kind === 'unbindAccountFromAll') return isSame(operation.account, account) && isIssuedBefore;
  if (!('session' in operation) || operation.session === undefined) return false;
  const isItsOwn = operation.session === session;
  switch (operation.kind) {
    case 'unbindAccountFromOthers':
      return !isItsOwn && isSame(operation.account, account) && (isIssuedBefore || byTime(operation, by) > 0);
    case 'endAccountSession':
      return isItsOwn && isSame(operation.account, account);
    case 'unbind':
      return isItsOwn && operation.token === token && operation.accounts.some((one) => isSame(one, account));
    case 'endSession':
    case 'unbindTokenFromAll':
      return isItsOwn && operation.token === token;
    default:
      return false;
  }
}

/**
 * The effect on a binding of logins of its token's installation with other tokens. One that is later than a login of this
 * token removes it: of an installation only the token of the newest login keeps what was bound up to then. A bind on a token
 * that had already been taken away may end in two ways. `done`: the operations that are known to be applied.
 */
export function takenAway(
  operations: readonly Operation[],
  { app, token, by }: Omit<Bound, 'account'>,
  done: readonly Operation[] = operations,
): 'removed' | 'kept' | 'either' {
  const logins = operations.filter(namesInstallation).filter((one) => one.app === app);
  const others = ({ installation }: InstallationLogin) =>
    logins.filter((one) => one.installation === installation && one.token !== token);
  const own = logins.filter((one) => one.token === token);
  const isRemoved = own.some((login) => {
    const later = others(login).filter((one) => byTime(one, login) > 0);
    return done.includes(login) && later.some((one) => done.includes(one)) && later.every((one) => byTime(one, by) > 0);
  });
  if (isRemoved) return 'removed';
  return own.flatMap(others).some((one) => byTime(one, by) > 0) ? 'either' : 'kept';
}

/** Returns true if the operation removes what the bind has bound. */
export const isRemoval = (operation: Operation, bind: Operation, about: Omit<Bound, 'by'>): boolean =>
  (binds(bind) && ends(operation, { ...about, by: bind })) ||
  (effectOn(operation, about) === 'removes' && byTime(operation, bind) > 0);

/** Returns true if the operation removes the bind, or would if it were later. */
export const isAbout = (operation: Operation, bind: BindOperation, about: Omit<Bound, 'by'>): boolean =>
  effectOn(operation, about) === 'removes' ||
  ends(operation, { ...about, by: bind }) ||
  (operation.kind === 'unbindAccountFromOthers' &&
    operation.app === about.app &&
    isSame(operation.account, about.account) &&
    operation.session !== termsOf(bind, about.account).session);

/** Returns the bind that made an edge. */
export const bindOf = (operations: readonly Operation[], edge: string, about: Omit<Bound, 'by'>) =>
  operations
    .filter(binds)
    .find(
      (by) =>
        edge.startsWith(by.stamp) &&
        effectOn(by, about) === 'binds' &&
        sessionIn(edge) === termsOf(by, about.account).session,
    );

/** The session in an edge, read by other code than the registry's own. */
export const sessionIn = (edge: string) => edge.split(/[\^@]/)[0]?.split('~')[1];

export const isSame = (a: Account, b: Account): boolean => a.type === b.type && a.id === b.id;
