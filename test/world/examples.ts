import { Account, type AccountKey, accountKey, Token } from '../../functions/core/account.ts';
import { App, type AppId } from '../../functions/core/configuration.ts';
import { type AccountOperation, Installation, Session, type TokenOperation } from '../../functions/core/operation.ts';
import { eventHash, type StampedKind, stampOf } from '../../functions/core/stamp.ts';

export const app = (id = 'shop', policy: App['policy'] = 'many'): App =>
  App.parse({ id, dialect: 'xg', platform: 'android', policy });

const SHOP: AppId = app().id;

export const token = (name: string): Token => Token.parse(name);

/** An account by its name; `name:2` is of type 2, everything else of type 0. */
export const account = (name: string): Account => {
  const [id, type = '0'] = name.split(':', 2);
  return Account.parse({ id, type: Number(type) });
};

export const key = (name: string): AccountKey => accountKey(account(name));

export const session = (id: string): Session => Session.parse(eventHash('session', id));

export const installation = (id: string): Installation => Installation.parse(eventHash('installation', id).repeat(2));

type Extra = { readonly session?: string; readonly element?: number };

/** Operations on the token "phone" at a millisecond; each kind and millisecond is an event of its own. */
const on = <K extends StampedKind>(kind: K, ms: number, { session: id, element = 0 }: Extra = {}) => ({
  kind,
  app: SHOP,
  token: token('phone'),
  stamp: stampOf(kind, ms, eventHash(String(ms)), element),
  session: id === undefined ? undefined : session(id),
});

const withAccounts =
  <K extends StampedKind, M extends object>(kind: K, more: M) =>
  (ms: number, names: readonly string[], extra?: Extra) => ({
    ...on(kind, ms, extra),
    accounts: names.map(account),
    ...more,
  });

export const bind = withAccounts('bind', {});
export const override = withAccounts('bindOverriding', { scope: 'token' } as const);
export const overrideTypes = withAccounts('bindOverriding', { scope: 'types' } as const);
export const unbind = withAccounts('unbind', {});

export const unbindAll = (ms: number, extra?: Extra): TokenOperation => on('unbindTokenFromAll', ms, extra);

export const unbindEverywhere = (ms: number, name: string): AccountOperation => ({
  kind: 'unbindAccountFromAll',
  app: SHOP,
  stamp: stampOf('unbindAccountFromAll', ms, eventHash(String(ms))),
  account: account(name),
});

/** Returns the operation on another token. */
export const moved = (operation: TokenOperation, name: string): TokenOperation => ({
  ...operation,
  token: token(name),
});
