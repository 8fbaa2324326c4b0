import * as z from 'zod';
import { binds, type Operation } from '../../functions/core/operation.ts';
import { accountsIn, textOf } from './cast.ts';
import type { OnFinding } from './finding.ts';
import type { Ledger } from './ledger.ts';
import type { Deed } from './promises.ts';
import { PEOPLE, SCENE } from './scene.ts';
import { bindOf, effectOn, ends, isRemoval, takenAway } from './serial.ts';
import { MOST_SKEW_MS } from './timeline.ts';
import { covers, leaseIn, type Span, type Truth } from './truth.ts';

/** The outcome that a door gave to an operation or to an event. */
export type Said = 'applied' | 'superseded' | 'durable' | 'refused';

/** `from`, `at`: when the request came to the door, and when the door answered (ms). */
export type Judging = {
  readonly truth: Truth;
  readonly ledger: Ledger;
  readonly onFinding: OnFinding;
  readonly from: number;
  readonly at: number;
};

const Outcome = z.enum(['applied', 'superseded', 'durable', 'refused']);
const EventsReply = z.object({
  outcome: Outcome,
  events: z.array(z.object({ id: z.string(), outcome: Outcome })),
});

/** Judges the answer to events. `sizes`: the number of operations of each event of the request. */
export function judgeEvents(
  judging: Judging,
  { status, body, sizes }: { readonly status: number; readonly body: string; readonly sizes: readonly number[] },
  deeds: readonly Deed[],
): void {
  const { outcome, events } = EventsReply.parse(JSON.parse(body));
  const all = events.map((event) => event.outcome);
  const expected = (['durable', 'applied', 'superseded'] as const).find((one) => all.includes(one)) ?? 'refused';
  if (outcome !== expected || (status === 202) !== (outcome === 'durable') || all.length !== sizes.length)
    judging.onFinding('an answer agrees with the outcomes of its events', `${status} ${body}`);
  const rest = deeds.values();
  for (const [i, said] of all.entries()) judge(judging, said, rest.take(sizes[i] ?? 0).toArray());
}

/**
 * Judges what a door says of an event or a call. `applied`: its binds were in effect, and nothing is shown that its
 * removals name and that was shown before them. `superseded`: not all of that.
 */
export function judge(judging: Judging, said: Said, deeds: readonly Deed[]): void {
  if (said === 'durable' || said === 'refused') return;
  const { onFinding, ledger, at } = judging;
  for (const { operation } of deeds) ledger.inEffect(operation, at);
  const stands = deeds.some((deed) => !binds(deed.operation) && isLeft(judging, deed));
  if (said === 'applied' && stands)
    onFinding(
      'no removal is answered applied with its binding shown',
      deeds.map(({ operation }) => textOf(operation)).join(),
    );
  const bound = deeds.filter(({ operation }) => binds(operation));
  if (bound.length === 0 || bound.length < deeds.length) return;
  if (said === 'applied' && !bound.some((deed) => hasBound(judging, deed)))
    onFinding('a login that is answered applied has bound', bound.map(({ operation }) => textOf(operation)).join());
  if (said === 'superseded' && bound.every((deed) => isShown(judging, deed)))
    onFinding(
      'a login that is answered superseded is not shown',
      bound.map(({ operation }) => textOf(operation)).join(),
    );
}

/** Everything that an operation of the scene can bind or remove. */
const pairsOf = (app: Operation['app']) =>
  SCENE.tokens.flatMap((token) => PEOPLE.map((account) => ({ app, token, account })));

/** Tests that something the removal names was bound before the removal was known, and ever since. */
function isLeft({ truth, from, at, ledger }: Judging, { operation, issuedAt }: Deed): boolean {
  const first = Math.min(from, issuedAt);
  return pairsOf(operation.app).some((about) =>
    truth.spansOf(about, about.account).some((span) => {
      if (!covers(span, first, at)) return false;
      if (effectOn(operation, about) === 'removes') return true;
      const by = bindOf(
        ledger.deeds().map((deed) => deed.operation),
        span.edge,
        about,
      );
      return by !== undefined && ends(operation, { ...about, by });
    }),
  );
}

const spansBy = ({ truth }: Judging, { app, stamp }: Operation): Span[] =>
  pairsOf(app).flatMap((about) => truth.spansOf(about, about.account).filter(({ edge }) => edge.startsWith(stamp)));

/** Tests that a bind was in effect, or that something was on its way that removes it. */
function hasBound(judging: Judging, { operation }: Deed): boolean {
  const { at, ledger } = judging;
  const isWithin = (span: Span) => span.from <= at && judging.from <= leaseIn(span) + MOST_SKEW_MS;
  if (spansBy(judging, operation).some(isWithin)) return true;
  const issued = ledger.deeds().flatMap((one) => (one.issuedAt <= at ? [one.operation] : []));
  return (
    binds(operation) &&
    (takenAway(issued, { ...operation, by: operation }) !== 'kept' ||
      issued.some((one) =>
        accountsIn(operation).some((account) => isRemoval(one, operation, { ...operation, account })),
      ))
  );
}

const isShown = (judging: Judging, { operation }: Deed): boolean =>
  spansBy(judging, operation).some((span) => covers(span, judging.from, judging.at));
