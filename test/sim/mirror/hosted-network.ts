import type { NotAnswered } from '../../../functions/account-api/client.ts';
import type { ElementResult, OperateRequest } from '../../../functions/account-api/wire/operate.ts';
import type { Token } from '../../../functions/core/account.ts';
import type { Hosted } from '../../../functions/mirror/hosted.ts';
import type { Process, Surroundings } from '../network.ts';
import { MINUTE_MS } from '../timeline.ts';
import { type HostedApi, sizeOf, tokensOf, withoutSome } from './hosted-api.ts';
import { LONGEST_MS } from './scene.ts';

/** How long the caller waits for an answer (ms). */
const DEADLINE_MS = 5_000;

/** How soon an accepted task is done (ms), as a rule and at worst. */
const SOON_MS = 2_000;
const LATE_MS = 20_000;

export type HostedNetwork = {
  readonly of: (process: Process) => Hosted;
  /** Calls that were made, to change and to ask. */
  readonly calls: { operate: number; accountsOf: number };
};

/** The fate of a call: an answer, or why there is none, after a time; and when it has its effect, if ever (ms). */
type Fate = { readonly waitMs: number; readonly effectMs?: number; readonly failure?: NotAnswered };

/** Begins outages and uninstalls, up to ten of each, until calm. */
export function trouble(
  surroundings: Surroundings,
  side: HostedApi,
  { tokens, calmMs }: { readonly tokens: readonly Token[]; readonly calmMs: number },
) {
  const { timeline, random, faults } = surroundings;
  let downUntil = 0;
  const trial = () => {
    if (faults.strike('hosted is down'))
      downUntil = Math.min(calmMs, timeline.now() + random.logUniform(MINUTE_MS / 2, 5 * MINUTE_MS));
    // Longer than any call may be on its way: what was sent before is gone with the token.
    if (faults.strike('hosted forgets a token')) side.forget(random.pick(tokens), MINUTE_MS * (1 + random.next() * 4));
  };
  for (let i = 0; i < 10; i++) timeline.after(random.next() * calmMs, trial);
  return { isDown: () => timeline.now() < downUntil };
}

/** Calls of processes that may die to a hosted API that does later what it accepts, over a network that loses. */
export function hostedNetwork(
  surroundings: Surroundings,
  side: HostedApi,
  { isDown, onOverlap }: { readonly isDown: () => boolean; readonly onOverlap: (said: string) => void },
): HostedNetwork {
  const { timeline, random, faults } = surroundings;
  const calls = { operate: 0, accountsOf: 0 };
  const out = new Set<OperateRequest>();

  const dies = (process: Process): boolean => {
    if (!faults.strike('process crashes')) return false;
    process.die();
    return random.chance(0.5);
  };

  const noteOverlap = (request: OperateRequest) => {
    const other = [...out].find((one) => tokensOf(one).some((token) => tokensOf(request).includes(token)));
    if (other) onOverlap(`${request.kind} during ${other.kind}`);
  };

  const of = (process: Process): Hosted => ({
    operate: async (request) => {
      calls.operate++;
      noteOverlap(request);
      if (dies(process)) await process.survives();
      out.add(request);
      const { waitMs, effectMs, failure } = fateOf(surroundings, isDown());
      const results = resultsOf(surroundings, side, request);
      const at = timeline.now();
      side.history.push(
        () => `${at.toFixed(1)} ms: hosted gets ${textOf(request)}: ${failure?.reason ?? results}, done in ${effectMs}`,
      );
      const taken = failure ? request : withoutSome(request, (place) => results[place] === 'done');
      if (effectMs !== undefined && taken) side.accept(taken, effectMs, process);
      await timeline.sleep(waitMs);
      out.delete(request);
      await process.survives();
      return failure ?? { kind: 'answered', results };
    },
    accountsOf: async (tokens) => {
      calls.accountsOf++;
      if (dies(process)) await process.survives();
      const { waitMs, failure } = fateOf(surroundings, isDown());
      await timeline.sleep(waitMs / 2);
      const accounts = tokens.map(side.boundTo);
      await timeline.sleep(waitMs / 2);
      await process.survives();
      return failure ?? { kind: 'found', accounts };
    },
  });
  return { calls, of };
}

const textOf = ({ kind, ...request }: OperateRequest): string => `${kind} ${JSON.stringify(request)}`;

function fateOf({ random, faults }: Surroundings, isDown: boolean): Fate {
  const soon = random.next() * SOON_MS;
  const travelMs = random.logUniform(20, 400);
  const timedOut = { waitMs: DEADLINE_MS, failure: NO_ANSWER };
  const failed = { waitMs: travelMs, failure: FAILED };
  if (isDown) return random.chance(0.5) ? timedOut : failed;
  if (faults.strike('hosted throttles'))
    return { waitMs: travelMs, failure: { ...TOO_MANY, retryAfterMs: random.logUniform(1_000, 20_000) } };
  if (faults.strike('hosted loses a request')) return timedOut;
  if (faults.strike('hosted loses an answer')) return { ...timedOut, effectMs: soon };
  if (faults.strike('hosted applies late'))
    return { ...timedOut, effectMs: DEADLINE_MS + random.next() * (LONGEST_MS - DEADLINE_MS) };
  if (faults.strike('hosted fails')) return random.chance(1 / 3) ? { ...failed, effectMs: soon } : failed;
  if (faults.strike('hosted applies slowly'))
    return { waitMs: travelMs, effectMs: SOON_MS + random.next() * (LATE_MS - SOON_MS) };
  return { waitMs: travelMs, effectMs: soon };
}

const NO_ANSWER: NotAnswered = { kind: 'unavailable', reason: 'no answer in time' };
const FAILED: NotAnswered = { kind: 'unavailable', reason: 'HTTP 502' };
const TOO_MANY = { kind: 'unavailable', reason: 'HTTP 429' } as const;

/** A result for each element: some are busy just now, and a token may not be known. */
function resultsOf({ random, faults }: Surroundings, side: HostedApi, request: OperateRequest): ElementResult[] {
  const isPartial = faults.strike('hosted takes only some');
  const tokens = tokensOf(request);
  return Array.from({ length: sizeOf(request) }, (_, place) => {
    const token = tokens[place];
    if (token !== undefined && !side.isKnown(token)) return 'unknownToken';
    return isPartial && random.chance(0.5) ? 'unavailable' : 'done';
  });
}
