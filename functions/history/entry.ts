import * as z from 'zod/mini';
import { type Account, accountKey } from '../core/account.ts';
import { binds, isTokenOperation, Operation, type OperationsMessage, type TokenOperation } from '../core/operation.ts';
import type { Outcome } from '../core/outcome.ts';
import { chunksOf } from '../core/parallel.ts';
import { type BindTerms, digestOf, msOf, type Stamp } from '../core/stamp.ts';
import type { AccountRef, TokenRef } from '../core/store.ts';
import { AHEAD_MS } from '../core/time.ts';

const DAY_MS = 86_400_000;

/** An entry outlives the days for which the ledger answers by this (ms). The sweep renews those of standing binds before. */
export const MARGIN_MS = 40 * DAY_MS;

/**
 * An entry binds for less long than it removes (ms). A bind may have come up to a week after its removal, and would stand
 * again between the end of the removal's entry and that of its own.
 */
const REMOVES_LONGER_MS = 10 * DAY_MS;

/**
 * Days between two renewals of a standing bind. The sweep may miss one of them, and the bind still counts for all days for
 * which the ledger answers.
 */
export const RENEWAL_DAYS = 14;

/** The outcomes of operations in the ledger. One that is `unavailable` is durable, and gets its outcome later. */
export const OUTCOMES = ['applied', 'superseded', 'refused', 'unavailable'] as const satisfies Outcome['kind'][];

/** An operation in the ledger. Times in ms since 1970. */
export type Entry = {
  readonly operation: Operation;
  /** The id of its request. Empty for a bind that was there before the ledger. */
  readonly id: string;
  readonly from?: string | undefined;
  /** The time at which a door accepted it: not before that can it have been in effect. */
  readonly acceptedMs?: number | undefined;
  /** The time at which a worker had applied it, or had tried to: by then it is in effect, unless it is `unavailable`. */
  readonly appliedMs: number;
  readonly outcome: (typeof OUTCOMES)[number];
  readonly reason?: string | undefined;
  readonly expiresMs: number;
  /**
   * Of an entry that was renewed: when it would have expired without, and until when each account is kept that stood at a
   * renewal, by `keptName`. An account that has left is kept no longer than the removal that took it.
   */
  readonly renewed?: { readonly ownMs: number; readonly accounts: Readonly<Record<string, number>> } | undefined;
};

/** The name of an account in a renewed entry: no text that names the person, and another one on each token. */
export const keptName = ({ app, token }: TokenRef, account: Account): string =>
  digestOf('kept', app, token, accountKey(account)).slice(0, 8);

/** A message of the queue with the outcomes of its operations, as a worker records it. */
export type RecordedMessage = Omit<OperationsMessage, 'v' | 'operations'> & {
  readonly operations: readonly Operation[];
  readonly outcomes: readonly Outcome[];
};

/** The place of an entry: the history of a token or that of an account. */
export type Place = { readonly token: TokenRef } | { readonly account: AccountRef };

/**
 * The entries of a message with their places: each operation in the history of its token, and, as far as it concerns the
 * account alone, in that of each account that it names.
 */
export function entriesOf(message: RecordedMessage, nowMs: number, days: number): [Place, Entry][] {
  const { id, from, acceptedMs, operations, outcomes } = message;
  const expiresMs = nowMs + days * DAY_MS + MARGIN_MS;
  return operations.flatMap((operation, i) => {
    const { kind: outcome, ...why } = outcomes[i] ?? { kind: 'unavailable' };
    const entry = { id, from, acceptedMs, appliedMs: nowMs, outcome, ...why, expiresMs };
    return placesOf(operation).map(([place, own]): [Place, Entry] => [place, { ...entry, operation: own }]);
  });
}

export function placesOf(operation: Operation): [Place, Operation][] {
  if (!isTokenOperation(operation)) return [[{ account: operation }, operation]];
  const accounts = 'accounts' in operation ? operation.accounts : [];
  return [
    [{ token: operation }, operation],
    ...accounts.map((account): [Place, Operation] => [
      { account: { app: operation.app, account } },
      // The kind decides the shape of the accounts; each list is of one account of the same operation.
      { ...operation, accounts: [account] } as TokenOperation,
    ]),
  ];
}

/** The time from which an operation may have been in effect. Without the door's own time, its stamp must do. */
export const fromMsOf = ({ operation, acceptedMs, appliedMs }: Entry): number =>
  Math.min(acceptedMs ?? Math.min(msOf(operation.stamp), appliedMs) - AHEAD_MS, appliedMs);

/** The time by which an operation was in effect. */
export const byMsOf = ({ outcome, appliedMs }: Entry): number =>
  outcome === 'unavailable' ? Number.POSITIVE_INFINITY : appliedMs;

/**
 * The part of an operation that counts at a time. A bind that binds nothing any more only removes: its lease is over. Such
 * are those that a worker found superseded, those that it refused, and accounts whose entry is old. Until the worker came,
 * its door may have applied it.
 */
export function effectAt(entry: Entry, atMs: number, nowMs: number): Operation | undefined {
  const { operation, outcome } = entry;
  if (!binds(operation)) return operation;
  const isOver = (outcome === 'superseded' || outcome === 'refused') && byMsOf(entry) <= atMs;
  if (isOver && outcome === 'refused' && operation.kind === 'bind') return undefined;
  const accounts = operation.accounts.map((account) =>
    isOver || nowMs >= keptMsOf(entry, operation, account) - REMOVES_LONGER_MS ? { ...account, untilMs: 0 } : account,
  );
  return { ...operation, accounts };
}

const keptMsOf = ({ expiresMs, renewed }: Entry, ref: TokenRef, account: Account): number =>
  renewed ? (renewed.accounts[keptName(ref, account)] ?? renewed.ownMs) : expiresMs;

/** An operation of a request, without names. */
export const Element = z.object({
  kind: z.string(),
  app: z.string(),
  stamp: z.string(),
  outcome: z.enum(OUTCOMES),
  reason: z.optional(z.string()),
});
export type Element = z.infer<typeof Element>;

/** A message of a request in the ledger: a request may have several, since a part of it may be parked and redriven. */
export type Receipt = Pick<Entry, 'from' | 'acceptedMs' | 'appliedMs' | 'expiresMs'> & {
  readonly elements: readonly Element[];
};

/** Operations in one item of a request: with the longest ids of apps far below the 400 KB of an item. */
const OPERATIONS_AN_ITEM = 1_000;

export const receiptsOf = (message: RecordedMessage, nowMs: number, days: number): Receipt[] => {
  const elements = message.operations.map(({ kind, app, stamp }, i): Element => {
    const { kind: outcome, ...why } = message.outcomes[i] ?? { kind: 'unavailable' };
    return { kind, app, stamp, outcome, ...why };
  });
  const { from, acceptedMs } = message;
  const expiresMs = nowMs + days * DAY_MS + MARGIN_MS;
  return chunksOf(elements, OPERATIONS_AN_ITEM).map((some) => {
    return { from, acceptedMs, appliedMs: nowMs, expiresMs, elements: some };
  });
};

/** The ledger, as commands and doors read it. Entries that have expired are not in it. May reject with `Unavailable`. */
export interface HistoryReader {
  ofToken(token: TokenRef): Promise<Entry[]>;
  /** `signOuts`: only the operations that are of no token. Default: all. */
  ofAccount(account: AccountRef, only?: 'signOuts'): Promise<Entry[]>;
  ofRequest(id: string): Promise<Receipt[]>;
  /** When the ledger began (ms since 1970); undefined if the sweep has not run over the registry since. */
  begunMs(): Promise<number | undefined>;
}

/** The binds of one event that stand on a token. `writtenMs`: when the registry's record of the token was last written. */
export type StandingBind = TokenRef & {
  readonly stamp: Stamp;
  readonly accounts: readonly (Account & BindTerms)[];
  readonly writtenMs: number;
};

/** Writes of the sweep to the ledger. May reject with `Unavailable`. */
export interface HistoryRenewal {
  /** Returns the time at which the ledger began (ms since 1970): now, unless it has begun. */
  begin(): Promise<number>;
  /** Keeps the entry of a bind that stands, or adds it: the registry may be older than the ledger. */
  renew(bind: StandingBind): Promise<void>;
}

/** The entry of a bind that was there before the ledger, or before its message was recorded. */
export function renewedEntry(
  { app, token, stamp, accounts, writtenMs }: StandingBind,
  nowMs: number,
  days: number,
): Entry {
  const operation = Operation.parse({ kind: 'bind', app, token, stamp, accounts });
  return { operation, id: '', appliedMs: writtenMs, outcome: 'applied', expiresMs: nowMs + days * DAY_MS + MARGIN_MS };
}
