import type { Token } from '../../../functions/core/account.ts';
import type { Truth } from '../truth.ts';
import type { HostedApi } from './hosted-api.ts';
import { CHAT, hostedAccount, type MirrorScene } from './scene.ts';

type Interval = { readonly from: number; readonly to: number };

/**
 * How long the hosted API held what the registry had removed (ms), for each removal; when the two last differed, and
 * when the registry last changed.
 */
export type Leaks = { readonly ofRemovals: readonly number[]; readonly differedAt: number; readonly changedAt: number };

export function leaks(
  { accounts }: MirrorScene,
  tokens: readonly Token[],
  truth: Truth,
  side: HostedApi,
  end: number,
): Leaks {
  const pairs = tokens.flatMap((token) => accounts.map((account) => ({ token, account })));
  const all = pairs.map(({ token, account }) => {
    const bound = joined(truth.spansOf({ app: CHAT, token }, account).map(({ from, to }) => ({ from, to })));
    const held = side.spansOf(token, hostedAccount(account));
    const extra = without(held, bound);
    const missing = without(bound, held);
    const removals = bound.filter(({ to }) => to < end).map(({ to }) => to);
    const changes = bound.flatMap(({ from, to }) => [from, to]).filter((at) => at < end);
    return {
      changedAt: Math.max(0, ...changes),
      ofRemovals: removals.map((at, i) => length(extra, at, removals[i + 1] ?? end, end)),
      differedAt: Math.max(0, ...[...extra, ...missing].map(({ to }) => Math.min(to, end))),
    };
  });
  return {
    ofRemovals: all.flatMap(({ ofRemovals }) => ofRemovals),
    differedAt: Math.max(0, ...all.map(({ differedAt }) => differedAt)),
    changedAt: Math.max(0, ...all.map(({ changedAt }) => changedAt)),
  };
}

/** Spans that follow on each other without a gap as one. */
function joined(spans: readonly Interval[]): Interval[] {
  const all: Interval[] = [];
  for (const span of spans) {
    const last = all.at(-1);
    if (last && last.to >= span.from) all[all.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else all.push(span);
  }
  return all.filter(({ from, to }) => to > from);
}

/** Returns the parts of the intervals outside the others. */
const without = (intervals: readonly Interval[], others: readonly Interval[]): Interval[] =>
  others.reduce<Interval[]>(
    (left, other) =>
      left
        .flatMap(({ from, to }) => [
          { from, to: Math.min(to, other.from) },
          { from: Math.max(from, other.to), to },
        ])
        .filter(({ from, to }) => to > from),
    [...intervals],
  );

const length = (intervals: readonly Interval[], from: number, to: number, end: number): number =>
  intervals.reduce((sum, one) => sum + Math.max(0, Math.min(one.to, to, end) - Math.max(one.from, from)), 0);
