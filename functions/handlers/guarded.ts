import type { Breaker } from '../core/breaker.ts';
import type { Hosted, NotAnswered } from './hosted.ts';

export type GuardPorts = {
  readonly hosted: Hosted;
  readonly breaker: Breaker;
  /** How long to wait before the next call (ms). */
  readonly paceMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly note: (note: GuardNote) => void;
};

/** What the guard has to say: what a call came to, and that calls are held back or the mirror stops. */
export type GuardNote =
  | { readonly kind: 'called'; readonly call: string; readonly elements: number; readonly answer: string }
  | { readonly kind: 'breaker'; readonly state: string; readonly reason: string };

/** Why a call was not made. */
export const HELD_BACK = 'held back';

/** The answer to a call that is not made for so long (ms). */
export const heldBack = (retryAfterMs: number) =>
  ({ kind: 'unavailable', reason: HELD_BACK, retryAfterMs }) as const satisfies NotAnswered;

/** The hosted side behind its breaker and its pace. What is held back is answered `unavailable` and never sent. */
export function guarded(ports: GuardPorts): Hosted {
  const through = async <T extends { readonly kind: string }>(
    call: { name: string; elements: number },
    attempt: () => Promise<T | NotAnswered>,
  ): Promise<T | NotAnswered> => {
    const waitMs = ports.breaker.waitMs();
    if (waitMs > 0) return heldBack(waitMs);
    const paceMs = ports.paceMs();
    if (paceMs > 0) await ports.pause(paceMs);
    const answer = await attempt();
    ports.note({ kind: 'called', call: call.name, elements: call.elements, answer: answer.kind });
    hear(ports, answer);
    return answer;
  };
  return {
    heldMs: ports.breaker.heldMs,
    operate: (request) =>
      through({ name: request.kind, elements: sizeOf(request) }, () => ports.hosted.operate(request)),
    accountsOf: (tokens) =>
      through({ name: 'accountsOf', elements: tokens.length }, () => ports.hosted.accountsOf(tokens)),
  };
}

function hear({ breaker, note }: GuardPorts, answer: { readonly kind: string } | NotAnswered): void {
  const before = breaker.state();
  if (isNotAnswered(answer) && answer.kind === 'unauthorized') breaker.stopped();
  else if (isNotAnswered(answer) && answer.kind === 'unavailable') breaker.failed(answer.retryAfterMs);
  else breaker.succeeded();
  const state = breaker.state();
  // A mirror that stays stopped says so at each try: an alarm that looks at five minutes sees it.
  if (state === before && state !== 'stopped') return;
  note({ kind: 'breaker', state, reason: isNotAnswered(answer) ? answer.reason : answer.kind });
}

const isNotAnswered = (answer: { readonly kind: string }): answer is NotAnswered =>
  ['unavailable', 'refused', 'unauthorized'].includes(answer.kind);

const sizeOf = (request: Parameters<Hosted['operate']>[0]): number => {
  if (request.kind === 'unbindTokenFromAll') return request.tokens.length;
  return request.kind === 'unbindAccountFromAll' ? request.accounts.length : request.elements.length;
};
