import { accountKey } from '../../functions/core/account.ts';
import type { AccountRef, TokenRef } from '../../functions/core/store.ts';
import { answerAt } from '../../functions/history/replay.ts';
import { memoryHistory } from '../memory/history-store.ts';
import { BEGINNING_MS } from './cast.ts';
import { type Case, runCase } from './end-to-end.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { Run } from './finding.ts';
import { SCENE } from './scene.ts';
import { MOST_SKEW_MS } from './timeline.ts';
import { leaseIn, type Span } from './truth.ts';

/**
 * An end-to-end case with a ledger, which the worker writes over the same hostile network. At the end it is asked about
 * moments of the case: it names every account that the registry held, and says `yes` of no other.
 */
export function historyCase(seed: number, only: readonly Fault[] = FAULTS): Promise<Run> {
  const ledger = memoryHistory();
  return runCase(seed, only, { record: ledger.record }, (one) => compare(one, ledger));
}

type Ledger = ReturnType<typeof memoryHistory>;

function compare(one: Case, ledger: Ledger): void {
  const aside = new Set(one.deployment.parked.flatMap(({ operations }) => operations.map(({ stamp }) => `${stamp}`)));
  // A bind that the worker refuses for its age may have been in effect before.
  const isAside = ({ edge }: Span) => [...aside].some((stamp) => edge.startsWith(stamp));
  for (const { id: app } of SCENE.apps)
    for (const token of SCENE.tokens)
      for (const account of SCENE.accounts) {
        const spans = one.deployment.truth.spansOf({ app, token }, account);
        if (!spans.some(isAside)) compareOne(one, ledger, { app, token, account }, spans);
      }
}

function compareOne(
  { timeline, onFinding }: Case,
  ledger: Ledger,
  { account, ...ref }: TokenRef & AccountRef,
  spans: readonly Span[],
): void {
  const of = ledger.ledgerOf(ref, Math.ceil(BEGINNING_MS + timeline.now()));
  // Leases end by the clock of each machine.
  const isSure = (at: number) => spans.every((span) => Math.abs(leaseIn(span) - at) > MOST_SKEW_MS);
  for (const at of moments(spans, timeline.now()).filter(isSure)) {
    const isTrue = spans.some((span) => span.from <= at && at < Math.min(span.to, leaseIn(span)));
    const { standing } = answerAt(of, accountKey(account), BEGINNING_MS + at);
    const what = `${ref.app} ${ref.token} ${accountKey(account)} at ${at} ms: ${standing}`;
    if (isTrue && standing === 'no') onFinding('H1 the ledger names every binding that was there', what);
    if (!isTrue && standing === 'yes') onFinding('H2 the ledger says yes of no other', what);
  }
}

/** Moments around each change of a binding, in whole milliseconds. */
function moments(spans: readonly Span[], endMs: number): number[] {
  const changes = spans.flatMap(({ from, to }) => [from, ...(Number.isFinite(to) ? [to] : [])]);
  const around = changes.flatMap((ms) =>
    [-60_000, -1_000, -10, -1, 1, 10, 1_000, 60_000].map((by) => Math.round(ms + by)),
  );
  return [...new Set([...around, Math.floor(endMs)])].filter((ms) => ms >= 0 && ms <= endMs);
}
