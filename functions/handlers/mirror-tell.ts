import type { Token } from '../core/account.ts';
import { halvesOf, type MirrorCall, tokensIn } from '../core/mirror-plan.ts';
import { HELD_BACK } from './guarded.ts';
import type { Hosted, NotAnswered, OperateAnswer } from './hosted.ts';

/**
 * What became of a token. `heard`: the hosted side has the task. `later`: it could not take this one just now.
 * `dropped`: it never will. `again`: it has to be asked again; `isTried` where nobody can tell what came of asking.
 */
export type Told =
  | { readonly kind: 'heard' | 'later' }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'again'; readonly why: Again; readonly isTried: boolean };
export type Again = { readonly kind: 'again'; readonly reason: string; readonly waitMs?: number };

/**
 * Makes the calls, one after the other. Once one is not answered the rest is not made. A call that is refused as a whole
 * is made again in halves, down to the element that is to blame. `hasTime`: whether another call may begin.
 */
export async function tell(
  hosted: Hosted,
  calls: readonly MirrorCall[],
  hasTime: () => boolean,
): Promise<ReadonlyMap<Token, Told>> {
  const told = new Map<Token, Told>();
  const rest = [...calls];
  let over: Again | undefined;
  for (let call = rest.shift(); call !== undefined; call = rest.shift()) {
    const answer: OperateAnswer | Again = over ?? (hasTime() ? await hosted.operate(call) : OUT_OF_TIME);
    if (isTooMuch(call, answer)) rest.unshift(...halvesOf(call));
    else over = note(told, call, answer) ?? over;
  }
  return told;
}

const isTooMuch = (call: MirrorCall, answer: OperateAnswer | Again): boolean =>
  answer.kind === 'refused' && tokensIn(call).length > 1;

/** Notes what became of the call's tokens; answers with why no other call is worth making. */
function note(told: Map<Token, Told>, call: MirrorCall, answer: OperateAnswer | Again): Again | undefined {
  const over = answer.kind === 'answered' || answer.kind === 'refused' ? undefined : againAfter(answer);
  const isTried = answer.kind === 'unavailable' && answer.reason !== HELD_BACK;
  const again: Told | undefined = over && { kind: 'again', why: over, isTried };
  for (const [i, token] of tokensIn(call).entries())
    told.set(token, worse(told.get(token), again ?? toldBy(call, answer, i)));
  return over;
}

const OUT_OF_TIME: Again = { kind: 'again', reason: 'out of time' };

/** A token that the hosted side does not know holds nothing there, which is what a removal asks for. */
function toldBy({ kind }: MirrorCall, answer: OperateAnswer | Again, place: number): Told {
  if (answer.kind !== 'answered') return { kind: 'dropped', reason: answer.reason };
  const result = answer.results[place] ?? 'unavailable';
  if (result === 'done') return { kind: 'heard' };
  if (result === 'unavailable') return { kind: 'later' };
  if (result === 'unknownToken' && kind !== 'bindOverriding') return { kind: 'heard' };
  return { kind: 'dropped', reason: result };
}

/** From good to bad: a token that two calls are about fares as in the worse one. */
const WORSE: readonly Told['kind'][] = ['heard', 'dropped', 'later', 'again'];

const worse = (before: Told | undefined, now: Told): Told =>
  before !== undefined && WORSE.indexOf(before.kind) >= WORSE.indexOf(now.kind) ? before : now;

/** How long a message waits that met a stopped mirror (ms): its breaker tries again as often. */
const STOPPED_MS = 300_000;

/** Why a message stays, and how long at least. */
export function againAfter(answer: Again | Exclude<NotAnswered, { kind: 'refused' }>): Again {
  if (answer.kind === 'again') return answer;
  const waitMs = answer.kind === 'unauthorized' ? STOPPED_MS : answer.retryAfterMs;
  return { kind: 'again', reason: answer.reason, ...(waitMs !== undefined && { waitMs }) };
}
