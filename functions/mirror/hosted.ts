import type { AccountApiClient, NotAnswered } from '../account-api/client.ts';
import { sizeOf } from '../account-api/wire/elements.ts';

/** What a mirror needs of the hosted side. */
export type Hosted = Pick<AccountApiClient, 'operate' | 'accountsOf'> & {
  /** For how long (ms) it is known that no call will be made; 0 or absent where one may be. */
  readonly heldMs?: () => number;
};

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

/** Whether a side that keeps failing is worth a call. Counts what it hears; several callers may share one. */
export type Breaker = {
  /** 0: call. Otherwise for how long (ms) not to. Whoever is let through while it is half open is the probe. */
  readonly waitMs: () => number;
  /** The same for whoever only wants to know: nobody becomes the probe. */
  readonly heldMs: () => number;
  readonly succeeded: () => void;
  /** `retryAfterMs`: what the other side asked for. */
  readonly failed: (retryAfterMs?: number) => void;
  /** The other side will refuse every call until a person does something. */
  readonly stopped: () => void;
  readonly state: () => 'closed' | 'open' | 'half-open' | 'stopped';
};

/** Failures in a row before calls are held back. */
const FAILURES = 5;

/** How long they are held back at first, and at most, while one probe a period goes through (ms). */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

/** How often a side that refuses the credential is tried again (ms): secrets are read anew that often too. */
const STOPPED_MS = 300_000;

/**
 * A circuit breaker with full jitter (Nygard, "Release It!"). One instance counts for itself: with few instances each
 * finds out after a few calls, and what outlives an instance is the wait of each message, which the queue keeps.
 */
export function breaker({ now, random }: { now: () => number; random: () => number }): Breaker {
  let failures = 0;
  let closedUntil = 0;
  let isStopped = false;
  const hold = (ms: number) => {
    closedUntil = Math.max(closedUntil, now() + ms);
  };
  const heldMs = () => Math.max(0, closedUntil - now());
  return {
    heldMs,
    waitMs: () => {
      const wait = heldMs();
      if (wait > 0) return wait;
      if (failures >= FAILURES || isStopped) hold(PROBE_MS);
      return 0;
    },
    succeeded: () => {
      failures = 0;
      closedUntil = 0;
      isStopped = false;
    },
    failed: (retryAfterMs = 0) => {
      failures++;
      const period = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - FAILURES));
      if (failures >= FAILURES) hold(period / 2 + (random() * period) / 2);
      hold(Math.min(retryAfterMs, LONGEST_MS));
    },
    stopped: () => {
      isStopped = true;
      hold(STOPPED_MS);
    },
    state: () => {
      if (isStopped) return 'stopped';
      if (failures < FAILURES) return 'closed';
      return closedUntil > now() ? 'open' : 'half-open';
    },
  };
}

/** Longer than a call may take (ms): while a probe is under way nobody else goes. */
const PROBE_MS = 6_000;

/**
 * A token bucket: `perS` a second in the long run, up to a second's worth at once. Says how long (ms) to wait before the
 * next call; whoever asks has taken its place.
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
