import { AppId } from '../../functions/core/configuration.ts';
import { binds, type Operation } from '../../functions/core/operation.ts';
import { BEGINNING_MS } from './cast.ts';
import type { Expectation } from './people.ts';
import { PEOPLE } from './scene.ts';
import { isSame, pairOf, sessionIn } from './serial.ts';
import { MOST_SKEW_MS } from './timeline.ts';
import { covers, leaseIn, type Span, type Truth } from './truth.ts';

/**
 * The operation that an event should become, and the one that it became; none if a move had nothing to move. `lastMs`: a
 * move takes binds up to this time (ms since 1970), that of the removal before it.
 */
export type Meaning = {
  readonly expected: Expectation;
  readonly operation: Operation | undefined;
  readonly lastMs: number;
};

/** The event of an operation: all operations of one event have it in their stamps. */
export const eventOf = ({ stamp }: Operation): string | undefined => stamp.split('.')[2];

/** Returns each expectation with its operation, in order; undefined if their numbers differ. */
export function meaningsOf(
  expected: readonly Expectation[],
  operations: readonly Operation[],
): readonly Meaning[] | undefined {
  let place = 0;
  const meanings = expected.map((one, i): Meaning => {
    const [before, operation] = [operations[place - 1], operations[place]];
    const isMissing = one.movedFrom !== undefined && (!before || !operation || eventOf(before) !== eventOf(operation));
    if (!isMissing) place++;
    return { expected: one, operation: isMissing ? undefined : operation, lastMs: expected[i - 1]?.ms ?? 0 };
  });
  return place === operations.length ? meanings : undefined;
}

/**
 * Returns the accounts that a move took or left wrongly: it takes what is bound to the old token when it is accepted, which
 * is between `from` and `at` (ms).
 */
export function wronglyMoved(truth: Truth, { expected, operation, lastMs }: Meaning, from: number, at: number) {
  const { movedFrom } = expected;
  if (movedFrom === undefined) return [];
  const ref = { app: AppId.parse(expected.app), token: movedFrom };
  const isOlder = ({ edge }: Span) => Number(edge.slice(0, 13)) <= lastMs;
  const isThen = (span: Span) => span.from <= at && from <= Math.min(span.to, leaseIn(span) + MOST_SKEW_MS);
  const moved = operation && binds(operation) ? operation.accounts : [];
  return PEOPLE.flatMap((account) => {
    const own = moved.filter((one) => isSame(one, account));
    const spans = truth.spansOf(ref, account).filter(isOlder);
    const isTaken = ({ session, untilMs = Number.POSITIVE_INFINITY }: (typeof own)[number]) =>
      spans.some(
        (span) => isThen(span) && sessionIn(span.edge) === session && leaseIn(span) === untilMs - BEGINNING_MS,
      );
    const isRight =
      own.length === 0 ? !spans.some((span) => covers(span, from, at)) : own.length === 1 && own.every(isTaken);
    return isRight ? [] : [pairOf(ref.app, movedFrom, account)];
  });
}
