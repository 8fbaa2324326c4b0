import { type Account, AccountId, type Token } from '../core/account.ts';
import type { Bound } from '../core/bindings.ts';
import { type App, type Source, transformed } from '../core/configuration.ts';
import {
  ACCOUNTS_PER_OPERATION,
  type Installation,
  type Operation,
  type Session,
  scopeOf,
  sessionOf,
} from '../core/operation.ts';
import { removalAt, type StampedKind, stampOf } from '../core/stamp.ts';
import type { TimeSpan } from '../core/time.ts';

/** A change in an app's auth flow, from any kind of source. It concerns the apps that it names. */
export type AuthEvent =
  | {
      readonly kind: 'login';
      readonly app: App;
      readonly token: Token;
      readonly accounts: readonly Account[];
      readonly mode: 'override' | 'append';
      readonly session: Session | undefined;
      readonly installation?: Installation | undefined;
      /** The end of the lease (ms since 1970). */
      readonly untilMs?: number | undefined;
    }
  | { readonly kind: 'logout'; readonly app: App; readonly token: Token; readonly session: Session | undefined }
  | {
      readonly kind: 'accountLogout';
      readonly app: App;
      readonly token: Token;
      readonly account: Account;
      readonly session: Session | undefined;
    }
  /** Ends what the session bound: on the token, and of the account on every token. One of the two may be missing. */
  | {
      readonly kind: 'sessionLogout';
      readonly apps: readonly App[];
      readonly session: Session;
      readonly token: Token | undefined;
      readonly account: Account | undefined;
    }
  /** `except`: the session that stays. */
  | {
      readonly kind: 'logoutEverywhere';
      readonly apps: readonly App[];
      readonly account: Account;
      readonly except?: Session | undefined;
    }
  /** Without `accounts` it moves those that are bound to the old token when it is accepted. */
  | {
      readonly kind: 'tokenChanged';
      readonly app: App;
      readonly oldToken: Token;
      readonly token: Token;
      readonly accounts: readonly Account[] | undefined;
      readonly session?: Session | undefined;
    };

/**
 * A change that a provider reports, in the provider's own names. A provider knows no push tokens, so there is no login
 * among them. `session`, where all others end: the one that stays.
 */
export type Change = {
  readonly what: 'session ended' | 'signed out everywhere' | 'signed out elsewhere';
  readonly account: string | undefined;
  readonly session?: string | undefined;
};
export type Effect = Change['what'];

/** Returns the event of a change, in every app of the source, or the name that it lacks. */
export function eventOf(
  { what, account: name, session: id }: Change,
  { source, apps }: { readonly source: Source; readonly apps: readonly App[] },
): AuthEvent | { readonly nothing: 'no_account' | 'no_session' } {
  const named = name === undefined ? undefined : AccountId.safeParse(transformed(name, source.transform));
  if (!named?.success) return { nothing: 'no_account' };
  const account: Account = { type: source.accountType, id: named.data };
  if (what === 'signed out everywhere') return { kind: 'logoutEverywhere', apps, account };
  const session = sessionOf(id);
  if (session === undefined) return { nothing: 'no_session' };
  if (what === 'signed out elsewhere') return { kind: 'logoutEverywhere', apps, account, except: session };
  return { kind: 'sessionLogout', apps, session, token: undefined, account };
}

/** An event with the parts of its stamps: its own time and a hash that names it. */
export type Stamped<E> = { readonly event: E; readonly time: TimeSpan; readonly hash: string };

/**
 * Returns an event's operations: one for each app and each token that the event concerns. `shown`: the accounts bound to
 * the old token of a token change that moves them.
 */
export function operationsOf({ event, time, hash }: Stamped<AuthEvent>, shown: readonly Bound[]): Operation[] {
  const stamped = <K extends StampedKind>(kind: K) => {
    const isBind = kind === 'bind' || kind === 'bindOverriding';
    return { kind, stamp: stampOf(kind, isBind ? time.fromMs : time.toMs, hash) };
  };
  switch (event.kind) {
    case 'login': {
      const { app, token, accounts, session, installation, untilMs } = event;
      const login = { app: app.id, token, accounts: [...accounts], session, installation, untilMs };
      if (event.mode === 'append' && app.policy === 'many') return [{ ...stamped('bind'), ...login }];
      return [{ ...stamped('bindOverriding'), scope: scopeOf(app), ...login }];
    }
    case 'logout':
      return [{ ...stamped('unbindTokenFromAll'), app: event.app.id, token: event.token, session: event.session }];
    case 'accountLogout': {
      const { app, token, account, session } = event;
      return [{ ...stamped('unbind'), app: app.id, token, accounts: [account], session }];
    }
    case 'logoutEverywhere':
      return event.apps.map(({ id: app }) =>
        event.except === undefined
          ? { ...stamped('unbindAccountFromAll'), app, account: event.account }
          : { ...stamped('unbindAccountFromOthers'), app, account: event.account, session: event.except },
      );
    case 'sessionLogout': {
      const { apps, token, account, session } = event;
      return apps.flatMap(({ id: app }) => [
        ...(token === undefined ? [] : [{ ...stamped('endSession'), app, token, session }]),
        ...(account === undefined ? [] : [{ ...stamped('endAccountSession'), app, account, session }]),
      ]);
    }
    case 'tokenChanged': {
      const { app, oldToken, token, session } = event;
      const clear = (left: Token) => ({ ...stamped('unbindTokenFromAll'), app: app.id, token: left });
      const left = clear(oldToken);
      const moved = shown.filter(({ edge }) => edge <= removalAt(left.stamp)).map(({ edge: _, ...account }) => account);
      const accounts = event.accounts ?? moved.slice(0, ACCOUNTS_PER_OPERATION);
      // If nothing is to be moved, an event that is repeated must not clear the new token.
      if (accounts.length === 0) return event.accounts === undefined ? [left] : [left, clear(token)];
      return [
        // If both tokens are equal, removing the old one would win over the bind of the same millisecond.
        ...(oldToken === token ? [] : [left]),
        { ...stamped('bindOverriding'), scope: scopeOf(app), app: app.id, token, accounts: [...accounts], session },
      ];
    }
  }
}
