import { translatedType } from '../account-api/wire/account-types.ts';
import type { Account, Token } from '../core/account.ts';
import { accountsOf } from '../core/bindings.ts';
import type { App, Mirror } from '../core/configuration.ts';
import type { RegistryStore } from '../core/store.ts';
import type { GuardNote, Hosted } from './hosted.ts';
import type { Cause, Check, Marks } from './mark.ts';
import { holdable } from './plan.ts';
import type { MirrorStore } from './state.ts';

/** An app with a mirror, and all that its mirror reads, calls and writes. */
export type MirrorPorts = {
  readonly app: App & { readonly mirror: Mirror };
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly hosted: Hosted;
  /** Puts marks on the mirror's own queue. May reject with `Unavailable`. */
  readonly mark: (marks: Marks) => Promise<void>;
  /** Has tokens verified after `delayS` (0 to 900). May reject with `Unavailable`. */
  readonly check: (cause: Cause, checks: readonly Check[], delayS: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly note: (note: MirrorNote) => void;
};

/** A log line of a mirror, in numbers: never an account, never a token. Times in ms. */
export type MirrorNote =
  | GuardNote
  /** Tokens pushed; `lagMs` from the oldest change to the push. */
  | { readonly kind: 'pushed'; readonly tokens: number; readonly lagMs: number; readonly requests: string }
  /** The hosted API refuses a token for good. */
  | { readonly kind: 'dropped'; readonly reason: string; readonly requests: string }
  /** Accounts whose type does not exist in the hosted API. They are not mirrored. */
  | { readonly kind: 'untranslatable'; readonly accounts: number }
  /**
   * Tokens that verification found equal for the first time since they changed; `afterMs` from the oldest change to
   * the verification, `exposedMs` from the oldest removal to the push of it.
   */
  | { readonly kind: 'converged'; readonly tokens: number; readonly afterMs: number; readonly exposedMs?: number }
  /** Tokens that verification found different. In mode `observe`: the tokens that a mirror would push. */
  | { readonly kind: 'different'; readonly by: Cause; readonly tokens: number; readonly of: number };

/** Returns the accounts that each hosted token must hold, in the hosted API's types, newest first. Strongly consistent. */
export async function targetAccounts(ports: MirrorPorts, tokens: readonly Token[]): Promise<Account[][]> {
  const { app, registry, note, now } = ports;
  const bound = await accountsOf(
    registry,
    tokens.map((token) => ({ app: app.id, token })),
    now(),
  );
  const translated = bound.map((accounts) => accounts.flatMap(hostedAccount(app)));
  const missing = bound.flat().length - translated.flat().length;
  if (missing > 0) note({ kind: 'untranslatable', accounts: missing });
  return translated.map((accounts) => holdable(app.mirror.dialect, accounts));
}

/** Returns the account in the hosted API's types; nothing if its type does not exist there. */
export const hostedAccount =
  ({ dialect, mirror }: MirrorPorts['app']) =>
  ({ type, id }: Account): Account[] => {
    const hosted = translatedType(dialect, mirror.dialect, type);
    return hosted === undefined ? [] : [{ type: hosted, id }];
  };

/** Ids of the requests that caused the marks, for the log: at most ten. */
export const requestsOf = (marks: readonly { readonly id: string }[]): string =>
  [...new Set(marks.map(({ id }) => id))].slice(0, 10).join(' ');
