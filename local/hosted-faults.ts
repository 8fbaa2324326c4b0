/** What may happen to a call: it takes effect late, or never, is answered with an error, or changes places with the next. */
export const FAULTS = ['late', 'lost', '5xx', 'reorder'] as const;
export type Fault = (typeof FAULTS)[number];

/** Calls that something happens to. */
const STRUCK = 0.2;

/** Of the calls answered with an error, those that take effect all the same. */
const APPLIED_ALL_THE_SAME = 1 / 3;

/** Evenly in [0, 1). */
export type Chance = () => number;

/** What happens to one call: one of the faults, each as likely, or nothing. */
export function strike(faults: readonly Fault[], chance: Chance): Fault | undefined {
  if (chance() >= STRUCK) return undefined;
  return faults[Math.floor(chance() * faults.length)];
}

export const isAppliedAllTheSame = (chance: Chance): boolean => chance() < APPLIED_ALL_THE_SAME;

export const errorStatus = (chance: Chance): number => (chance() < 0.5 ? 500 : 503);
