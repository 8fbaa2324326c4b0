import type { Account, Token } from '../../functions/core/account.ts';
import type { AppId } from '../../functions/core/configuration.ts';
import { binds, type Operation } from '../../functions/core/operation.ts';
import { textOf } from './cast.ts';
import type { OnFinding } from './finding.ts';
import { byTime, effectOn, isRemoval, leaseEnd, pairOf, takenAway } from './serial.ts';
import { MOST_SKEW_MS } from './timeline.ts';
import type { Truth } from './truth.ts';

/** An operation, the time of its first request, and the time of the first answer that it is applied (ms). */
export type Deed = { readonly operation: Operation; issuedAt: number; ackedAt: number };

export const deedOf = (operation: Operation): Deed => ({
  operation,
  issuedAt: Number.POSITIVE_INFINITY,
  ackedAt: Number.POSITIVE_INFINITY,
});

/** The result of one read of one binding, and the times at which the read began and ended. */
export type Answer = {
  readonly app: AppId;
  readonly token: Token;
  readonly account: Account;
  readonly from: number;
  readonly to: number;
  readonly isShown: boolean;
};

/** An answer was true at some instant of the read, and breaks no promise. */
export function check(
  { truth, deeds, onFinding }: { truth: Truth; deeds: readonly Deed[]; onFinding: OnFinding },
  answer: Answer,
): void {
  const { app, token, account, from, to, isShown } = answer;
  const said = `${pairOf(app, token, account)} ${isShown ? 'shown' : 'not shown'} between ${from.toFixed(1)} and ${to.toFixed(1)} ms`;
  if (isShown && !truth.wasTrue({ app, token }, { app, account }, from, to))
    onFinding('O2 what a read shows was true at some instant of it', said);
  const promise = brokenPromise(deeds, answer);
  if (promise) onFinding(promise, said);
}

/**
 * The promise that an answer breaks, if any. Looks only at what was asked for and what was answered, never into the
 * store: a caller that got the answer to a removal never sees the binding again, unless a later bind was requested.
 */
function brokenPromise(deeds: readonly Deed[], answer: Answer): string | undefined {
  const issued = deeds.filter(({ issuedAt }) => issuedAt <= answer.to);
  const known = issued.filter(({ ackedAt }) => ackedAt <= answer.from).map(({ operation }) => operation);
  const operations = issued.map(({ operation }) => operation);
  if (answer.isShown) {
    const isAllowed = operations.some(
      (bind) =>
        binds(bind) &&
        effectOn(bind, answer) === 'binds' &&
        !known.some((one) => isRemoval(one, bind, answer)) &&
        leaseEnd({ ...answer, by: bind }) + MOST_SKEW_MS >= answer.from &&
        takenAway(operations, { ...answer, by: bind }, known) !== 'removed',
    );
    return isAllowed ? undefined : 'O3 an answered removal is never seen bound again';
  }
  const decisive = operations.filter((operation) => effectOn(operation, answer) !== undefined);
  const newest = decisive.sort(byTime).at(-1);
  if (newest === undefined || !binds(newest) || !known.includes(newest) || effectOn(newest, answer) !== 'binds')
    return undefined;
  if (takenAway(operations, { ...answer, by: newest }) !== 'kept') return undefined;
  const copies = operations.filter(binds).filter(({ stamp }) => stamp === newest.stamp);
  if (copies.some((by) => leaseEnd({ ...answer, by }) - MOST_SKEW_MS <= answer.to)) return undefined;
  if (operations.some((operation) => copies.some((copy) => isRemoval(operation, copy, answer)))) return undefined;
  return 'O3 an answered bind is visible, unless a later removal was requested';
}

export const deedText = ({ operation, issuedAt, ackedAt }: Deed): string =>
  `asked ${issuedAt.toFixed(1)} ms, in effect by ${ackedAt.toFixed(1)} ms: ${textOf(operation)}`;
