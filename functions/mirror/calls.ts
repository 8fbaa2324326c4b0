import type { NotAnswered, OperateAnswer } from '../account-api/client.ts';
import type { Token } from '../core/account.ts';
import { Unavailable, Unreadable } from '../core/outcome.ts';
import type { MessageResult } from '../lambda/message.ts';
import { HELD_BACK, type Hosted, STOPPED_MS } from './hosted.ts';
import { halvesOf, type MirrorCall, tokensIn } from './plan.ts';

/**
 * The result of a push for one token. `pushed`: the hosted API will do it. `later`: the hosted API answered that it
 * cannot do it now. `dropped`: it never will. `retry`: push again; `isTried` if the call may have arrived.
 */
export type PushResult =
  | { readonly kind: 'pushed' | 'later' }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'retry'; readonly retry: Retry; readonly isTried: boolean };

/** Why a message stays on the queue, and for how long at least. */
export type Retry = { readonly kind: 'retry'; readonly reason: string; readonly waitMs?: number };

/** Returns why to try again after a call without an answer. */
export function retryAfter(answer: Exclude<NotAnswered, { kind: 'refused' }>): Retry {
  const waitMs = answer.kind === 'unauthorized' ? STOPPED_MS : answer.retryAfterMs;
  return { kind: 'retry', reason: answer.reason, ...(waitMs !== undefined && { waitMs }) };
}

/** Returns the result of a message, which stays on the queue if any of its marks or checks needs a retry. */
export function messageResult(
  items: readonly object[],
  retries: ReadonlyMap<object, Retry>,
  line: Readonly<Record<string, string | number>>,
): MessageResult {
  const retry = items.map((item) => retries.get(item)).find((one) => one !== undefined);
  return { ...(retry ?? { kind: 'done' }), ...line };
}

/**
 * Does the work for all at once, or for each half if an item of one of them cannot be read: it stops none of the others.
 * Returns the items without a result, each with the reason to try again.
 */
export async function inHalves<T>(
  all: readonly T[],
  work: (some: readonly T[]) => Promise<void>,
): Promise<(readonly [T, Retry])[]> {
  try {
    await work(all);
    return [];
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const { reason } = error;
    if (!(error instanceof Unreadable) || all.length < 2) return all.map((one) => [one, { kind: 'retry', reason }]);
    const middle = Math.ceil(all.length / 2);
    return [...(await inHalves(all.slice(0, middle), work)), ...(await inHalves(all.slice(middle), work))];
  }
}

const OUT_OF_TIME: Retry = { kind: 'retry', reason: 'out of time' };

/**
 * Makes the calls one after the other. After a call without an answer, none of the others is made. A call that is
 * refused is made again in halves, until only the refused elements are left. `hasTime`: whether another call may begin.
 */
export async function makeCalls(
  hosted: Hosted,
  calls: readonly MirrorCall[],
  hasTime: () => boolean,
): Promise<ReadonlyMap<Token, PushResult>> {
  const results = new Map<Token, PushResult>();
  const rest = [...calls];
  let end: Retry | undefined;
  for (let call = rest.shift(); call !== undefined; call = rest.shift()) {
    const answer: OperateAnswer | Retry = end ?? (hasTime() ? await hosted.operate(call) : OUT_OF_TIME);
    if (answer.kind === 'refused' && tokensIn(call).length > 1) rest.unshift(...halvesOf(call));
    else end = addResults(results, call, answer) ?? end;
  }
  return results;
}

/** Adds the results of the call's tokens; returns why to make no other call. */
function addResults(
  results: Map<Token, PushResult>,
  call: MirrorCall,
  answer: OperateAnswer | Retry,
): Retry | undefined {
  const retry = retryOf(answer);
  const isTried = answer.kind === 'unavailable' && answer.reason !== HELD_BACK;
  for (const [i, token] of tokensIn(call).entries()) {
    const result: PushResult = retry ? { kind: 'retry', retry, isTried } : resultIn(call, answer, i);
    results.set(token, worse(results.get(token), result));
  }
  return retry;
}

function retryOf(answer: OperateAnswer | Retry): Retry | undefined {
  if (answer.kind === 'answered' || answer.kind === 'refused') return undefined;
  return answer.kind === 'retry' ? answer : retryAfter(answer);
}

/** Returns the result of one element. For a removal, an unknown token is a success: it has no accounts. */
function resultIn({ kind }: MirrorCall, answer: OperateAnswer | Retry, place: number): PushResult {
  if (answer.kind !== 'answered') return { kind: 'dropped', reason: answer.reason };
  const result = answer.results[place] ?? 'unavailable';
  if (result === 'done') return { kind: 'pushed' };
  if (result === 'unavailable') return { kind: 'later' };
  if (result === 'unknownToken' && kind !== 'bindOverriding') return { kind: 'pushed' };
  return { kind: 'dropped', reason: result };
}

/** From good to bad: a token in two calls has the worse of the two results. */
const WORSE: readonly PushResult['kind'][] = ['pushed', 'dropped', 'later', 'retry'];

const worse = (before: PushResult | undefined, now: PushResult): PushResult =>
  before !== undefined && WORSE.indexOf(before.kind) >= WORSE.indexOf(now.kind) ? before : now;
