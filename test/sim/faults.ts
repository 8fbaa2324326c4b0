import type { Random } from './random.ts';

/** Everything that can go wrong. A case draws which of them it has, and how often. */
export const FAULTS = [
  'store refuses',
  'store loses a request',
  'store loses an answer',
  'store applies late',
  'store is slow',
  'store forgets what has expired',
  'store answers as it was',
  'store leaves keys unprocessed',
  'store has an item of another version',
  'queue refuses',
  'queue loses a request',
  'queue loses an answer',
  'queue applies late',
  'queue is slow',
  'queue delivers twice',
  'queue delivers late',
  'queue forgets a delete',
  'event source throttles',
  'worker is of another version',
  'process crashes',
  'process freezes after its answer',
  'caller loses a request',
  'caller loses an answer',
  'caller repeats',
  'caller is late',
  'clocks differ',
  'clocks step',
  'secrets are unavailable',
] as const;

/** The further faults of an app with a mirror. */
const HOSTED_FAULTS = [
  'hosted loses a request',
  'hosted loses an answer',
  'hosted applies late',
  'hosted applies slowly',
  'hosted fails',
  'hosted throttles',
  'hosted takes only some',
  'hosted is down',
  'hosted forgets a token',
] as const;

export const MIRROR_FAULTS = [...FAULTS, ...HOSTED_FAULTS] as const;
export type Fault = (typeof MIRROR_FAULTS)[number];

export type Faults = {
  /** Returns true if the fault happens now, and counts it. */
  readonly strike: (fault: Fault) => boolean;
  /** From now on nothing goes wrong any more. */
  readonly calm: () => void;
  readonly counts: ReadonlyMap<Fault, number>;
};

/**
 * A swarm: each kind of fault is off in half of the cases, so that rare ones are met alone as well as together.
 * `only` names the kinds to draw from, `all` those that a case of its suite can have.
 */
export function swarm(random: Random, only: readonly Fault[] = FAULTS, all: readonly Fault[] = FAULTS): Faults {
  const rates = new Map<Fault, number>();
  for (const fault of all) {
    const rate = random.chance(0.5) ? random.logUniform(0.01, 0.3) : 0;
    if (only.includes(fault)) rates.set(fault, rate);
  }
  const counts = new Map<Fault, number>();
  return {
    counts,
    strike: (fault) => {
      const rate = rates.get(fault) ?? 0;
      if (rate === 0 || !random.chance(rate)) return false;
      counts.set(fault, (counts.get(fault) ?? 0) + 1);
      return true;
    },
    calm: () => rates.clear(),
  };
}
