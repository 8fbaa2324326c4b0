import type { Account, Token } from '../core/account.ts';
import type { App } from '../core/configuration.ts';
import { type Installation, type Operation, type Session, scopeOf } from '../core/operation.ts';
import { type StampedKind, stampOf } from '../core/stamp.ts';
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
    }
  | { readonly kind: 'logout'; readonly app: App; readonly token: Token; readonly session: Session | undefined }
  | {
      readonly kind: 'accountLogout';
      readonly app: App;
      readonly token: Token;
      readonly account: Account;
      readonly session: Session | undefined;
    }
  | { readonly kind: 'logoutEverywhere'; readonly apps: readonly App[]; readonly account: Account }
  | {
      readonly kind: 'tokenChanged';
      readonly app: App;
      readonly oldToken: Token;
      readonly token: Token;
      readonly accounts: readonly Account[];
    };

/** An event with the parts of its stamps: its own time and the hash of its identity. */
export type Stamped<E> = { readonly event: E; readonly time: TimeSpan; readonly hash: string };

/** Returns an event's operations: one for each app and each token that the event concerns. */
export function operationsOf({ event, time, hash }: Stamped<AuthEvent>): Operation[] {
  const stamped = <K extends StampedKind>(kind: K) => {
    const isBind = kind === 'bind' || kind === 'bindOverriding';
    return { kind, stamp: stampOf(kind, isBind ? time.fromMs : time.toMs, hash) };
  };
  switch (event.kind) {
    case 'login': {
      const { app, token, accounts, session, installation } = event;
      const login = { app: app.id, token, accounts: [...accounts], session, installation };
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
      return event.apps.map((app) => ({ ...stamped('unbindAccountFromAll'), app: app.id, account: event.account }));
    case 'tokenChanged': {
      const { app, oldToken, token, accounts } = event;
      const clear = (left: Token) => ({ ...stamped('unbindTokenFromAll'), app: app.id, token: left });
      if (accounts.length === 0) return [clear(oldToken), clear(token)];
      return [
        // If both tokens are equal, removing the old one would win over the bind of the same millisecond.
        ...(oldToken === token ? [] : [clear(oldToken)]),
        { ...stamped('bindOverriding'), scope: scopeOf(app), app: app.id, token, accounts: [...accounts] },
      ];
    }
  }
}
