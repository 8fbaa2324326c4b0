import { type Account, accountKey, type Token } from '../../../functions/core/account.ts';
import type { MirrorState } from '../../../functions/mirror/state.ts';
import type { OnFinding } from '../finding.ts';
import type { Process } from '../network.ts';
import type { Timeline } from '../timeline.ts';
import type { Truth } from '../truth.ts';
import { type HostedApi, type Task, tokensOf } from './hosted-api.ts';
import { CHAT, hostedAccount, type MirrorScene } from './scene.ts';

export type Watch = {
  readonly scene: MirrorScene;
  readonly timeline: Timeline;
  readonly truth: Truth;
  readonly side: HostedApi;
  readonly stateOf: (token: Token) => MirrorState | undefined;
  readonly onFinding: OnFinding;
};

const names = (accounts: readonly Account[]): string => accounts.map(accountKey).sort().join(', ');

/** Returns the accounts that the hosted API should hold by the registry now. The policy leaves one account of each type. */
const desired = ({ scene, truth }: Watch, token: Token): Account[] =>
  scene.accounts
    .filter((account) => truth.spansOf({ app: CHAT, token }, account).at(-1)?.to === Number.POSITIVE_INFINITY)
    .map(hostedAccount);

/** When nothing is on its way any more the hosted API holds what the registry says, and the mirror knows it. */
export function compareAtRest(watch: Watch): { readonly isLeak: boolean; readonly isMissing: boolean } {
  const { scene, side, stateOf, onFinding } = watch;
  const all = scene.tokens.map((token) => {
    const [expected, actual] = [desired(watch, token), side.boundTo(token)];
    const state = stateOf(token);
    // A token that the hosted API does not know is left alone there until it changes again; one that it forgot, until a
    // sweep.
    const isDropped = (state?.dropped !== undefined || side.isForgotten(token)) && actual.length === 0;
    if (!isDropped && names(expected) !== names(actual))
      onFinding('O4 at rest the hosted API holds what the registry says', names(actual), names(expected));
    else if (!isDropped && state !== undefined && (state.changedMs !== undefined || state.pushed === undefined))
      onFinding('O4 at rest every token was found equal', JSON.stringify(state));
    const [keys, held] = [expected.map(accountKey), actual.map(accountKey)];
    return {
      isLeak: held.some((key) => !keys.includes(key)),
      isMissing: !isDropped && keys.some((key) => !held.includes(key)),
    };
  });
  return { isLeak: all.some(({ isLeak }) => isLeak), isMissing: all.some(({ isMissing }) => isMissing) };
}

/**
 * A token counts as equal only by a query later than any earlier push to the hosted API may still happen, and by
 * what the registry said at some instant since.
 */
export function confirmations(watch: Watch) {
  const { scene, timeline, truth, side, onFinding } = watch;
  const pushedAt = new Map<Token, number>();
  const unsure = new Set<Process>();
  const ended = new Set<Process>();
  const tell = (what: string, token: Token, state: MirrorState) => {
    const at = timeline.now();
    side.history.push(() => `${at.toFixed(1)} ms: ${what} ${token} ${JSON.stringify(state)}`);
  };
  return {
    onUnwritten: (process: Process) => void unsure.add(process),
    // The calls of a process that died, or could not write its state, are unknown.
    onEnded: (process: Process) => void (unsure.has(process) || ended.add(process)),
    onPushed: (token: Token, state: MirrorState) => {
      pushedAt.set(token, timeline.now());
      tell('pushed', token, state);
    },
    onVerified: (askedAt: number, token: Token, state: MirrorState) => {
      tell('verified', token, state);
      if (state.pushed === undefined || state.changedMs !== undefined) return;
      const late = [...side.pending].filter(
        ({ request, issuedAt, by }) =>
          tokensOf(request).includes(token) && issuedAt <= (ended.has(by) ? askedAt : (pushedAt.get(token) ?? 0)),
      );
      if (late.length > 0) onFinding('O5 what was found equal was not on its way to change', late.map(toldTask).join());
      const keys = new Set(state.pushed);
      const wrong = scene.accounts.filter((account) => {
        const isThere = keys.has(accountKey(hostedAccount(account)));
        const spans = truth.spansOf({ app: CHAT, token }, account);
        return isThere
          ? !spans.some(({ from, to }) => from <= timeline.now() && to >= askedAt)
          : spans.some(({ from, to }) => from <= askedAt && to > timeline.now());
      });
      if (wrong.length > 0) onFinding('O5 what was found equal was what the registry said', [...keys].join(', '));
    },
  };
}

const toldTask = ({ request, issuedAt }: Task): string => `${request.kind} of ${issuedAt.toFixed(1)} ms`;

type Interval = { readonly from: number; readonly to: number };

/**
 * Returns how long the hosted API held what the registry had removed (ms), for each removal; when the two last differed,
 * and when the registry last changed.
 */
export function leaks({ scene, timeline, truth, side }: Watch, tokens: readonly Token[]) {
  const end = timeline.now();
  const pairs = tokens.flatMap((token) => scene.accounts.map((account) => ({ token, account })));
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
