import { type AccountKey, accountKey } from '../core/account.ts';
import { EMPTY, isBound, type TokenDocument, UNMARKED, type Watermark } from '../core/document.ts';
import { DOCUMENT_LIMITS, type Limits, merge, raised } from '../core/merge.ts';
import {
  type AccountOperation,
  binds,
  isTokenOperation,
  type Operation,
  type TokenOperation,
} from '../core/operation.ts';
import { byMsOf, type Entry, effectAt, fromMsOf } from './entry.ts';

/** The ledger's entries of a token, and the sign-outs of each account that they bind. */
export type TokenLedger = {
  readonly entries: readonly Entry[];
  readonly signOuts: ReadonlyMap<AccountKey, readonly Entry[]>;
  /** The time at which the ledger was read (ms since 1970). */
  readonly nowMs: number;
};

/** `yes`: bound, whatever the order was. `perhaps`: bound in some order of what was on its way. */
type Standing = 'yes' | 'perhaps' | 'no';

/**
 * An account's standing at a time, for how long it had it, and its standings before and after. `fromMs`: undefined from the
 * beginning of the ledger. `untilMs`: undefined until now.
 */
export type Answer = {
  readonly account: AccountKey;
  readonly standing: Standing;
  readonly fromMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly before: Standing;
  readonly after: Standing;
};

/** The accounts that a token's ledger binds at any time. */
export const accountsIn = (entries: readonly Entry[]): AccountKey[] => [
  ...new Set(entries.flatMap(({ operation }) => (binds(operation) ? operation.accounts.map(accountKey) : []))),
];

/** Returns the accounts that the registry may have shown for a token at a time (ms since 1970), with their standing. */
export function answersAt(ledger: TokenLedger, atMs: number): Answer[] {
  return accountsIn(ledger.entries).flatMap((account) => {
    const answer = answerAt(ledger, account, atMs);
    return answer.standing === 'no' ? [] : [answer];
  });
}

/** Returns the standing of an account on a token at a time, and its limits. */
export function answerAt({ entries, signOuts, nowMs }: TokenLedger, account: AccountKey, atMs: number): Answer {
  const all = [...entries, ...(signOuts.get(account) ?? [])];
  const ends = [...new Set([...all.flatMap(changesIn)].filter((ms) => ms <= nowMs))].sort((a, b) => a - b);
  const standingFrom = (place: number): Standing =>
    standingOf(all, account, ends[place] ?? Number.NEGATIVE_INFINITY, nowMs);
  const place = ends.findLastIndex((ms) => ms <= atMs);
  const standing = standingFrom(place);
  let first = place;
  while (first >= 0 && standingFrom(first - 1) === standing) first--;
  let last = place;
  while (last + 1 < ends.length && standingFrom(last + 1) === standing) last++;
  return {
    account,
    standing,
    fromMs: ends[first],
    untilMs: ends[last + 1],
    before: first < 0 ? 'no' : standingFrom(first - 1),
    after: last + 1 < ends.length ? standingFrom(last + 1) : standing,
  };
}

/** The times at which an entry changes what is bound: it may come into effect, it is in effect, leases end. */
function changesIn(entry: Entry): number[] {
  const { operation } = entry;
  const leases = binds(operation) ? [operation, ...operation.accounts].flatMap(({ untilMs }) => untilMs ?? []) : [];
  return [fromMsOf(entry), byMsOf(entry), ...leases].filter(Number.isFinite);
}

/** Without limits a replay forgets nothing. */
const NO_LIMITS: Limits = {
  ...DOCUMENT_LIMITS,
  edges: Number.POSITIVE_INFINITY,
  clears: Number.POSITIVE_INFINITY,
  sessions: Number.POSITIVE_INFINITY,
};

/**
 * The standing of an account at a time. A document that overflows loses its oldest binds. The registry may have lost fewer
 * than a replay does, since it forgets old removals, and never more than one without limits finds.
 */
function standingOf(all: readonly Entry[], account: AccountKey, atMs: number, nowMs: number): Standing {
  const limited = standingWithin(DOCUMENT_LIMITS, all, account, atMs, nowMs);
  if (limited === 'yes' || all.length <= DOCUMENT_LIMITS.clears) return limited;
  return standingWithin(NO_LIMITS, all, account, atMs, nowMs) === 'no' ? 'no' : 'perhaps';
}

/**
 * The standing of an account while some operations are on their way, each in effect or not yet. A bind can only be ended by
 * others, or be replaced by a later one of the account. So if it stands with any of them it stands with its own operation
 * alone; and if two operations cannot end it together, the one that replaces it and the one that ends that, none can.
 */
function standingWithin(
  limits: Limits,
  all: readonly Entry[],
  account: AccountKey,
  atMs: number,
  nowMs: number,
): Standing {
  const begun = all.filter((entry) => fromMsOf(entry) <= atMs);
  const open = begun.filter((entry) => byMsOf(entry) > atMs);
  const certain = stateOf(effectsAt(begun.filter((entry) => !open.includes(entry))), limits);
  const onTheWay = effectsAt(open);
  const stands = (more: readonly Operation[]) => {
    const { document, watermark } = stateOf(more, limits, certain);
    return isBound(document, account, watermark, atMs);
  };
  if (!stands([])) return onTheWay.some((one) => binds(one) && stands([one])) ? 'perhaps' : 'no';
  const isCertain = onTheWay.every((one, i) => onTheWay.slice(i).every((other) => stands([one, other])));
  return isCertain ? 'yes' : 'perhaps';

  function effectsAt(entries: readonly Entry[]): Operation[] {
    return entries.flatMap((entry) => effectAt(entry, atMs, nowMs) ?? []);
  }
}

type State = { readonly document: TokenDocument; readonly watermark: Watermark };

const isAccountOperation = (operation: Operation): operation is AccountOperation => !isTokenOperation(operation);

/** The token's document and the account's watermark after the operations, in whatever order. */
function stateOf(
  operations: readonly Operation[],
  limits: Limits,
  before: State = { document: EMPTY, watermark: UNMARKED },
): State {
  const onToken: TokenOperation[] = operations.filter(isTokenOperation);
  const onAccount = operations.filter(isAccountOperation);
  const ofAccount = limits === NO_LIMITS ? limits : undefined;
  return {
    document: merge(before.document, onToken, '', limits),
    watermark: onAccount.reduce((mark, one) => raised(mark, one, ofAccount), before.watermark),
  };
}
