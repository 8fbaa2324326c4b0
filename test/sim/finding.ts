import type { Fault } from './faults.ts';
import type { Exposure } from './leaks.ts';
import type { MirrorFigures } from './mirror/figures.ts';

/** A rule that did not hold: in which case, what it expected and what it found, and the history that led there. */
export type Finding = {
  readonly seed: number;
  readonly oracle: string;
  readonly expected: string;
  readonly actual: string;
  readonly trace: readonly string[];
};

/** The result of one seed. `cases`: the number of cases that the seed stands for. Default: one. */
export type Run = {
  readonly finding: Finding | undefined;
  readonly cases?: number;
  readonly faults?: ReadonlyMap<Fault, number>;
  readonly exposure?: Exposure;
  readonly figures?: MirrorFigures;
};
