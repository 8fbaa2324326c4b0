/** A rule that did not hold: in which case, what it expected and what it found, and the history that led there. */
export type Finding = {
  readonly seed: number;
  readonly oracle: string;
  readonly expected: string;
  readonly actual: string;
  readonly trace: readonly string[];
};
