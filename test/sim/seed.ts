import type { Fault } from './faults.ts';
import type { Finding } from './finding.ts';
import type { Exposure } from './leaks.ts';
import type { MirrorFigures } from './mirror/figures.ts';

/** The result of one seed. `cases`: the number of cases that the seed stands for. Default: one. */
export type Run = {
  readonly finding: Finding | undefined;
  readonly cases?: number;
  readonly faults?: ReadonlyMap<Fault, number>;
  readonly exposure?: Exposure;
  readonly figures?: MirrorFigures;
};
