import type { Account, Token } from '../core/account.ts';
import { accountsOf } from '../core/bindings.ts';
import type { App, Mirror } from '../core/configuration.ts';
import type { Cause, Check, Marks } from '../core/mirror-mark.ts';
import { holdable } from '../core/mirror-plan.ts';
import type { MirrorStore } from '../core/mirror-store.ts';
import type { RegistryStore } from '../core/registry-store.ts';
import { translatedType } from '../wire/account-types.ts';
import type { GuardNote } from './guarded.ts';
import type { Hosted } from './hosted.ts';

/** An app with a mirror, and the world its mirror stands in. */
export type MirrorPorts = {
  readonly app: App & { readonly mirror: Mirror };
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly hosted: Hosted;
  /** Puts marks on the mirror's own queue. May reject with `Unavailable`. */
  readonly mark: (marks: Marks) => Promise<void>;
  /** Has tokens compared with the hosted side after `delayS` (at most 900). May reject with `Unavailable`. */
  readonly check: (cause: Cause, checks: readonly Check[], delayS: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly note: (note: MirrorNote) => void;
};

/** What a mirror has to say of itself, in numbers: never an account, never a token. Times in ms. */
export type MirrorNote =
  | GuardNote
  /** Tokens told to the hosted side; `lagMs` from the oldest change to that call. */
  | { readonly kind: 'pushed'; readonly tokens: number; readonly lagMs: number; readonly requests: string }
  | { readonly kind: 'dropped'; readonly reason: string; readonly requests: string }
  /** Accounts whose type has no counterpart there. They are not mirrored. */
  | { readonly kind: 'untranslatable'; readonly accounts: number }
  /**
   * Tokens that a verification found equal for the first time since they changed; `afterMs` from the oldest change to
   * the verification, `exposedMs` from the oldest removal to the call that made it so.
   */
  | { readonly kind: 'converged'; readonly tokens: number; readonly afterMs: number; readonly exposedMs?: number }
  /** Tokens that were found to hold something else. In mode `observe`: what would be changed. */
  | { readonly kind: 'different'; readonly by: Cause; readonly tokens: number; readonly of: number };

/** Tokens asked about at a time. */
export const QUERIED_A_CALL = 20;

/** What the hosted side shall hold of each token, in its own account types, newest first. Strongly consistent. */
export async function wantedOf(ports: MirrorPorts, tokens: readonly Token[]): Promise<Account[][]> {
  const { app, registry, note } = ports;
  const bound = await accountsOf(
    registry,
    tokens.map((token) => ({ app: app.id, token })),
  );
  const wanted = bound.map((accounts) => holdable(app.mirror.dialect, accounts.flatMap(translated(app))));
  const missing = bound.flat().length - bound.flatMap((accounts) => accounts.flatMap(translated(app))).length;
  if (missing > 0) note({ kind: 'untranslatable', accounts: missing });
  return wanted;
}

/** The account as the hosted side names it, or none. */
export const translated =
  ({ dialect, mirror }: MirrorPorts['app']) =>
  ({ type, id }: Account): Account[] => {
    const there = translatedType(dialect, mirror.dialect, type);
    return there === undefined ? [] : [{ type: there, id }];
  };

/** Requests by their ids, for the log, as many as it shows. */
export const requestsOf = (marks: readonly { readonly id: string }[]): string =>
  [...new Set(marks.map(({ id }) => id))].slice(0, 10).join(' ');
