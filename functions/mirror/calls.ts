import type { NotAnswered, OperateAnswer } from '../account-api/client.ts';
import { translatedType } from '../account-api/wire/account-types.ts';
import type { Account, Token } from '../core/account.ts';
import { accountsOf } from '../core/bindings.ts';
import type { App, Mirror } from '../core/configuration.ts';
import type { RegistryStore } from '../core/store.ts';
import { type GuardNote, HELD_BACK, type Hosted } from './hosted.ts';
import type { Cause, Check, Marks } from './mark.ts';
import { halvesOf, holdable, type MirrorCall, tokensIn } from './plan.ts';
import type { MirrorStore } from './state.ts';

/**
 * What became of a token. `heard`: the hosted side has the task. `later`: it could not take this one just now.
 * `dropped`: it never will. `again`: it has to be asked again; `isTried` where nobody can tell what came of asking.
 */
export type Told =
  | { readonly kind: 'heard' | 'later' }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'retry'; readonly why: Again; readonly isTried: boolean };
export type Again = { readonly kind: 'retry'; readonly reason: string; readonly waitMs?: number };

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
  const again: Told | undefined = over && { kind: 'retry', why: over, isTried };
  for (const [i, token] of tokensIn(call).entries())
    told.set(token, worse(told.get(token), again ?? toldBy(call, answer, i)));
  return over;
}

const OUT_OF_TIME: Again = { kind: 'retry', reason: 'out of time' };

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
const WORSE: readonly Told['kind'][] = ['heard', 'dropped', 'later', 'retry'];

const worse = (before: Told | undefined, now: Told): Told =>
  before !== undefined && WORSE.indexOf(before.kind) >= WORSE.indexOf(now.kind) ? before : now;

/** How long a message waits that met a stopped mirror (ms): its breaker tries again as often. */
const STOPPED_MS = 300_000;

/** Why a message stays, and how long at least. */
export function againAfter(answer: Again | Exclude<NotAnswered, { kind: 'refused' }>): Again {
  if (answer.kind === 'retry') return answer;
  const waitMs = answer.kind === 'unauthorized' ? STOPPED_MS : answer.retryAfterMs;
  return { kind: 'retry', reason: answer.reason, ...(waitMs !== undefined && { waitMs }) };
}

/** An app with a mirror, and the world its mirror stands in. */
export type MirrorPorts = {
  readonly app: App & { readonly mirror: Mirror };
  readonly registry: RegistryStore;
  readonly states: MirrorStore;
  readonly hosted: Hosted;
  /** Puts marks on the mirror's own queue. May reject with `Unavailable`. */
  readonly mark: (marks: Marks) => Promise<void>;
  /** Has tokens compared with the hosted side after `delayS` (at most 900). May reject with `Unavailable`. */
  readonly check: (cause: Cause, checks: readonly Check[], delayS: number) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly note: (note: MirrorNote) => void;
};

/** What a mirror has to say of itself, in numbers: never an account, never a token. Times in ms. */
export type MirrorNote =
  | GuardNote
  /** Tokens told to the hosted side; `lagMs` from the oldest change to that call. */
  | { readonly kind: 'pushed'; readonly tokens: number; readonly lagMs: number; readonly requests: string }
  | { readonly kind: 'dropped'; readonly reason: string; readonly requests: string }
  /** Accounts whose type has no counterpart there. They are not mirrored. */
  | { readonly kind: 'untranslatable'; readonly accounts: number }
  /**
   * Tokens that a verification found equal for the first time since they changed; `afterMs` from the oldest change to
   * the verification, `exposedMs` from the oldest removal to the call that made it so.
   */
  | { readonly kind: 'converged'; readonly tokens: number; readonly afterMs: number; readonly exposedMs?: number }
  /** Tokens that were found to hold something else. In mode `observe`: what would be changed. */
  | { readonly kind: 'different'; readonly by: Cause; readonly tokens: number; readonly of: number };

/** Tokens asked about at a time. */
export const QUERIED_A_CALL = 20;

/** What the hosted side shall hold of each token, in its own account types, newest first. Strongly consistent. */
export async function wantedOf(ports: MirrorPorts, tokens: readonly Token[]): Promise<Account[][]> {
  const { app, registry, note } = ports;
  const bound = await accountsOf(
    registry,
    tokens.map((token) => ({ app: app.id, token })),
  );
  const wanted = bound.map((accounts) => holdable(app.mirror.dialect, accounts.flatMap(translated(app))));
  const missing = bound.flat().length - bound.flatMap((accounts) => accounts.flatMap(translated(app))).length;
  if (missing > 0) note({ kind: 'untranslatable', accounts: missing });
  return wanted;
}

/** The account as the hosted side names it, or none. */
export const translated =
  ({ dialect, mirror }: MirrorPorts['app']) =>
  ({ type, id }: Account): Account[] => {
    const there = translatedType(dialect, mirror.dialect, type);
    return there === undefined ? [] : [{ type: there, id }];
  };

/** Requests by their ids, for the log, as many as it shows. */
export const requestsOf = (marks: readonly { readonly id: string }[]): string =>
  [...new Set(marks.map(({ id }) => id))].slice(0, 10).join(' ');
