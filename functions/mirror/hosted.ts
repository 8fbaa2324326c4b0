import type { AccountApiClient, AccountsAnswer, NotAnswered, OperateAnswer } from '../account-api/client.ts';
import { sizeOf } from '../account-api/wire/elements.ts';

/** The calls of the hosted API that a mirror makes. */
export type Hosted = Pick<AccountApiClient, 'operate' | 'accountsOf'> & {
  /** How long the breaker blocks all calls (ms); 0 or absent means call now. */
  readonly blockedMs?: () => number;
};

export type GuardPorts = {
  readonly hosted: Hosted;
  readonly breaker: Breaker;
  /** How long to wait before the next call (ms). */
  readonly paceMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
  readonly note: (note: GuardNote) => void;
};

/** A log line of the guard: the answer to a call, or a new state of the breaker. */
export type GuardNote =
  | { readonly kind: 'called'; readonly call: string; readonly elements: number; readonly answer: string }
  | { readonly kind: 'breaker'; readonly state: string; readonly reason: string };

/** The reason given when the breaker blocks a call. */
export const HELD_BACK = 'held back';

/** The answer in place of a call that the breaker blocks. */
export const notCalled = (retryAfterMs: number) =>
  ({ kind: 'unavailable', reason: HELD_BACK, retryAfterMs }) as const satisfies NotAnswered;

/** Puts a breaker and a pace before a hosted API. A call that the breaker blocks is answered `unavailable`, not sent. */
export function guarded(ports: GuardPorts): Hosted {
  const guard = async <T extends OperateAnswer | AccountsAnswer>(
    call: { name: string; elements: number },
    attempt: () => Promise<T | NotAnswered>,
  ): Promise<T | NotAnswered> => {
    const waitMs = ports.breaker.waitMs();
    if (waitMs > 0) return notCalled(waitMs);
    const paceMs = ports.paceMs();
    if (paceMs > 0) await ports.pause(paceMs);
    const answer = await attempt();
    ports.note({ kind: 'called', call: call.name, elements: call.elements, answer: answer.kind });
    record(ports, answer);
    return answer;
  };
  return {
    blockedMs: ports.breaker.blockedMs,
    operate: (request) => guard({ name: request.kind, elements: sizeOf(request) }, () => ports.hosted.operate(request)),
    accountsOf: (tokens) =>
      guard({ name: 'accountsOf', elements: tokens.length }, () => ports.hosted.accountsOf(tokens)),
  };
}

function record({ breaker, note }: GuardPorts, answer: OperateAnswer | AccountsAnswer): void {
  const before = breaker.state();
  if (answer.kind === 'unauthorized') breaker.stopped();
  else if (answer.kind === 'unavailable') breaker.failed(answer.retryAfterMs);
  else breaker.succeeded();
  const state = breaker.state();
  // A stopped mirror logs every try, so that an alarm over five minutes sees it.
  if (state === before && state !== 'stopped') return;
  note({ kind: 'breaker', state, reason: 'reason' in answer ? answer.reason : answer.kind });
}

/** Blocks calls to an API that keeps failing. It counts the results it is given; several callers may share one. */
export type Breaker = {
  /** Milliseconds to wait; 0 means call now. While half-open, the caller that gets 0 is the probe. */
  readonly waitMs: () => number;
  /** Milliseconds to wait, without becoming the probe. */
  readonly blockedMs: () => number;
  readonly succeeded: () => void;
  /** `retryAfterMs`: the wait that the hosted API asks for. Default: none. */
  readonly failed: (retryAfterMs?: number) => void;
  /** The hosted API refuses the credential: it will refuse every call until an operator changes it. */
  readonly stopped: () => void;
  readonly state: () => 'closed' | 'open' | 'half-open' | 'stopped';
};

/** Failures in a row before calls are blocked. */
const FAILURES = 5;

/** How long calls are blocked at first, and at most (ms). One probe is made after each period. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** How long to wait after the credential was refused (ms). Secrets are read again as often. */
export const STOPPED_MS = 300_000;

/**
 * A circuit breaker with full jitter (Nygard, "Release It!"). Each instance of the function counts for itself: there are
 * few, and each opens its breaker after a few calls. The waits of messages are on the queue and outlive an instance.
 */
export function breaker({ now, random }: { now: () => number; random: () => number }): Breaker {
  let failures = 0;
  let blockedUntil = 0;
  let isStopped = false;
  const block = (ms: number) => {
    blockedUntil = Math.max(blockedUntil, now() + ms);
  };
  const blockedMs = () => Math.max(0, blockedUntil - now());
  return {
    blockedMs,
    waitMs: () => {
      const wait = blockedMs();
      if (wait > 0) return wait;
      if (failures >= FAILURES || isStopped) block(PROBE_MS);
      return 0;
    },
    succeeded: () => {
      failures = 0;
      blockedUntil = 0;
      isStopped = false;
    },
    failed: (retryAfterMs = 0) => {
      failures++;
      const period = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - FAILURES));
      if (failures >= FAILURES) block(period / 2 + (random() * period) / 2);
      block(Math.min(retryAfterMs, LONGEST_MS));
    },
    stopped: () => {
      isStopped = true;
      block(STOPPED_MS);
    },
    state: () => {
      if (isStopped) return 'stopped';
      if (failures < FAILURES) return 'closed';
      return blockedUntil > now() ? 'open' : 'half-open';
    },
  };
}

/** How long a probe blocks other calls (ms): longer than one call may take. */
const PROBE_MS = 6_000;

/**
 * A token bucket: `perS` calls a second in the long run, up to one second's calls at once. Returns how long (ms) to wait
 * before the next call, which must then be made.
 */
export function pace(perS: number, now: () => number): () => number {
  const intervalMs = 1000 / perS;
  let next = Number.NEGATIVE_INFINITY;
  return () => {
    const at = now();
    const start = Math.max(next, at - Math.max(0, 1000 - intervalMs));
    next = start + intervalMs;
    return Math.max(0, start - at);
  };
}
