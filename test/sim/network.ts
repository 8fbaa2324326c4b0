import { Unavailable } from '../../functions/core/outcome.ts';
import type { Fault, Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

export type Surroundings = { readonly timeline: Timeline; readonly random: Random; readonly faults: Faults };

/** Something that runs until it ends or dies. Nothing a dead one waits for ever comes. */
export type Process = {
  /** Resolves now, or never if the process has died. */
  readonly survives: () => Promise<void>;
  readonly die: () => void;
  /** Resolves when the process dies. */
  readonly death: Promise<'dead'>;
};

export function born(): Process {
  let isAlive = true;
  const { promise: death, resolve } = Promise.withResolvers<'dead'>();
  return {
    death,
    survives: () => (isAlive ? Promise.resolve() : new Promise(() => {})),
    die: () => {
      isAlive = false;
      resolve('dead');
    },
  };
}

type Service = 'store' | 'queue';

/** How long a client waits for an answer (ms). */
const TIMEOUT_MS = 1_000;

/** Faults after which no answer comes, and whether what was asked happens all the same. */
const UNANSWERED = [
  ['refuses', 'never'],
  ['loses a request', 'never'],
  ['loses an answer', 'in time'],
  ['applies late', 'late'],
] as const;

/** When a request has its effect (ms), if ever, and what it comes to, when. */
type Fate = { readonly inMs: number | undefined; readonly waitMs: number; readonly fault: Fault | undefined };

function fateOf({ random, faults }: Surroundings, service: Service): Fate {
  const travelMs = random.logUniform(0.5, faults.strike(`${service} is slow`) ? TIMEOUT_MS : 8);
  const unanswered = UNANSWERED.find(([what]) => faults.strike(`${service} ${what}`));
  if (unanswered === undefined) return { inMs: travelMs, waitMs: travelMs / 2, fault: undefined };
  const [what, happens] = unanswered;
  const fault = `${service} ${what}` as const;
  const waitMs = what === 'refuses' ? travelMs : TIMEOUT_MS;
  if (happens === 'never') return { inMs: undefined, waitMs, fault };
  return { inMs: happens === 'late' ? TIMEOUT_MS + random.logUniform(1, 30_000) : travelMs, waitMs, fault };
}

/**
 * A request of a process that may die, to a service that may refuse, over a network that delays and loses. It is made
 * of parts that happen each at its own moment.
 */
export async function requested<R>(
  surroundings: Surroundings,
  process: Process,
  service: Service,
  parts: readonly (() => Promise<R>)[],
): Promise<R[]> {
  if (parts.length === 0) return [];
  const { timeline, random, faults } = surroundings;
  if (faults.strike('process crashes')) {
    process.die();
    // Its next request may have left just before.
    if (random.chance(0.5)) return process.survives().then(() => []);
  }
  const { inMs, waitMs, fault } = fateOf(surroundings, service);
  const happening =
    inMs === undefined ? [] : parts.map((part) => at(timeline, inMs + random.next() * (parts.length - 1), part));
  const answer = await (fault === undefined ? Promise.all(happening) : []);
  await timeline.sleep(waitMs);
  await process.survives();
  if (fault !== undefined) throw new Unavailable(fault);
  return answer;
}

const at = <R>(timeline: Timeline, inMs: number, part: () => Promise<R>): Promise<R> =>
  new Promise((resolve, reject) => timeline.after(inMs, () => void part().then(resolve, reject)));
