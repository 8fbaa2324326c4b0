import type { Random } from './random.ts';

/** Everything that can go wrong. A case draws which of them it has, and how often. */
export const FAULTS = [
  'store refuses',
  'store loses a request',
  'store loses an answer',
  'store applies late',
  'store is slow',
  'process crashes',
] as const;
export type Fault = (typeof FAULTS)[number];

export type Faults = {
  /** Whether it happens now; counted when it does. */
  readonly strike: (fault: Fault) => boolean;
  /** From now on nothing goes wrong any more. */
  readonly calm: () => void;
  readonly counts: ReadonlyMap<Fault, number>;
};

/**
 * A swarm: each kind of fault is off in half of the cases, so that rare ones are met alone as well as together.
 * `only` names the kinds to draw from.
 */
export function swarm(random: Random, only: readonly Fault[] = FAULTS): Faults {
  const rates = new Map(
    FAULTS.map((fault) => [fault, only.includes(fault) && random.chance(0.5) ? random.logUniform(0.01, 0.3) : 0]),
  );
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
