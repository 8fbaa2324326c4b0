import { type AccountKey, parseAccountKey } from '../../functions/core/account.ts';
import { isTokenOperation, type Operation } from '../../functions/core/operation.ts';
import { msOf } from '../../functions/core/stamp.ts';
import type { Entry } from '../../functions/history/entry.ts';
import type { ReceiptAnswer } from '../../functions/history/receipt.ts';
import type { Answer } from '../../functions/history/replay.ts';
import { columns, printable } from '../table.ts';
import { local } from './time.ts';

const KINDS: Readonly<Record<Operation['kind'], string>> = {
  bind: 'sign-in, beside others',
  bindOverriding: 'sign-in',
  unbind: 'sign-out',
  endSession: 'end of a session',
  unbindTokenFromAll: 'sign-out of all on the token',
  unbindAccountFromAll: 'sign-out everywhere',
  unbindAccountFromOthers: 'sign-out on all other devices',
  endAccountSession: 'end of a session of the account',
};

const OUTCOMES: Readonly<Record<Entry['outcome'] | 'durable', string>> = {
  applied: 'in effect',
  superseded: 'a later event had decided otherwise',
  refused: 'refused',
  unavailable: 'not yet in effect',
  durable: 'not yet in effect',
};

const NONE = '-';

/** An account for people. Type 0, which most accounts have, is not named. */
export function nameOf(key: AccountKey): string {
  const { type, id } = parseAccountKey(key);
  return printable(type === 0 ? id : `${id} (type ${type})`);
}

const outcomeOf = ({
  outcome,
  reason,
}: {
  readonly outcome: Entry['outcome'] | 'durable';
  readonly reason?: string | undefined;
}) => `${OUTCOMES[outcome]}${reason === undefined ? '' : `: ${printable(reason)}`}`;

const accountsOf = (operation: Operation): string => {
  const accounts = 'account' in operation ? [operation.account] : 'accounts' in operation ? operation.accounts : [];
  return accounts.map(({ type, id }) => nameOf(`${type}#${id}`)).join(', ') || NONE;
};

const timeOf = (ms: number | undefined): string => (ms === undefined ? NONE : local(ms));

/** A table of operations, by the time of their events. `isOfAccount`: with a column of their tokens. */
export function tableOf(entries: readonly Entry[], isOfAccount: boolean): string[] {
  if (entries.length === 0) return ['  no operation is known'];
  const sorted = entries.toSorted((a, b) => (a.operation.stamp < b.operation.stamp ? -1 : 1));
  const head = ['happened', 'what', ...(isOfAccount ? ['token'] : []), 'accounts', 'from', 'accepted', 'in effect by'];
  return columns([[...head, 'outcome', 'request'], ...sorted.map((entry) => rowOf(entry, isOfAccount))]);
}

function rowOf(entry: Entry, isOfAccount: boolean): string[] {
  const { operation, from = NONE, acceptedMs, appliedMs, id, outcome } = entry;
  const isInEffect = outcome === 'applied' || outcome === 'superseded';
  return [
    local(msOf(operation.stamp)),
    KINDS[operation.kind],
    ...(isOfAccount ? [isTokenOperation(operation) ? printable(operation.token) : 'all'] : []),
    accountsOf(operation),
    id === '' ? 'before the ledger' : printable(from),
    timeOf(acceptedMs),
    timeOf(isInEffect ? appliedMs : undefined),
    outcomeOf(entry),
    printable(id || NONE),
  ];
}

/** An answer in a sentence, with the interval in which it is uncertain. */
export function sentence(subject: string, { standing, fromMs, untilMs, before, after }: Answer): string {
  if (standing === 'yes') {
    const since = fromMs === undefined ? 'before the ledger' : local(fromMs);
    return `  ${subject}: yes, since ${since}${untilMs === undefined ? '' : ` until ${local(untilMs)}`}`;
  }
  const what = WORDS[`${before} ${after}`] ?? 'a change';
  const end = untilMs === undefined ? 'is not known to be in effect yet' : `in effect by ${local(untilMs)}`;
  return `  ${subject}: perhaps: ${what} was accepted at ${timeOf(fromMs)} and ${end}`;
}

/** The change between two standings. */
const WORDS: Readonly<Record<string, string>> = {
  'no yes': 'a sign-in',
  'yes no': 'a sign-out, or a sign-in of another account,',
  'no no': 'a sign-in that did not stand',
};

/** The outcome of a request and of its operations, in lines. */
export const receiptLines = ({ outcome, from, accepted_at, operations }: ReceiptAnswer): string[] => [
  `${OUTCOMES[outcome]}; from ${printable(from ?? NONE)}, accepted ${accepted_at === undefined ? NONE : local(Date.parse(accepted_at))}`,
  ...columns([
    ['app', 'happened', 'what', 'outcome', 'in effect by'],
    ...operations.map((one) => [
      one.app,
      local(Date.parse(one.happened_at)),
      // An operation of a later version has a kind that is not here.
      KINDS[one.kind as Operation['kind']] ?? one.kind,
      outcomeOf(one),
      one.in_effect_at === undefined ? NONE : local(Date.parse(one.in_effect_at)),
    ]),
  ]),
];
