import type { Fault } from './faults.ts';
import type { Figures } from './figures.ts';

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
  readonly figures?: Partial<Figures>;
};

export type OnFinding = (oracle: string, actual: string, expected?: string) => void;

/** Collects the findings of a case. The first is reported, with the history that led to it: the others may follow from it. */
export function findings() {
  const all: Omit<Finding, 'seed' | 'trace'>[] = [];
  const onFinding: OnFinding = (oracle, actual, expected = '') => void all.push({ oracle, expected, actual });
  return {
    onFinding,
    first: (seed: number, history: () => readonly string[]): Finding | undefined =>
      all[0] && { seed, ...all[0], trace: history() },
  };
}

/** Takes what a part of a case throws for a finding. */
export const bugTo = (onFinding: OnFinding) => (error: unknown) =>
  onFinding('no bug is thrown', error instanceof Error ? (error.stack ?? '') : String(error));
