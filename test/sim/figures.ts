/** The figures of no case, in numbers that add up. Times in ms; those from `events` on are of mirrored cases. */
const NO_FIGURES = {
  removals: 0,
  /** For how long something was true that a later operation removes, since the removal was accepted. */
  exposedMs: 0,
  /** For how long since a caller got the answer that the removal is applied: must be none. */
  leakedMs: 0,
  events: 0,
  /** Operations of the mirrored app that can take a binding away. */
  removing: 0,
  operateCalls: 0,
  queryCalls: 0,
  leakMs: 0,
  /** How many removals of one binding outlived it on the hosted API for so many tenths of a second. */
  leaks: {} as Readonly<Record<string, number>>,
  leaksAtRest: 0,
  missingAtRest: 0,
  /** Messages that came to a phone on which their person was not signed in: shown if nothing is checked, and shown. */
  strayed: 0,
  shownWrong: 0,
  /** Messages that came to their person's phone, and those of them that were not shown. */
  arrived: 0,
  hidden: 0,
  /** Bindings at rest by a bearer from before one that its user has signed out with on the phone. */
  staleAtRest: 0,
  /** The longest that the two sides differed after calm and the last change. */
  longestMs: 0,
};
export type Figures = Readonly<typeof NO_FIGURES>;

/** The sum of counts by name. */
export function sumOfCounts(parts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const part of parts) for (const [name, count] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** The sum of figures; of the longest times, the longest. */
export function sumOfFigures(parts: readonly Partial<Figures>[]): Figures {
  const leaks = sumOfCounts(parts.map((part) => part.leaks ?? {}));
  const longestMs = Math.max(0, ...parts.map((part) => part.longestMs ?? 0));
  const added = parts.map(({ leaks: _, ...numbers }) => numbers);
  return { ...NO_FIGURES, ...sumOfCounts(added), leaks, longestMs };
}

export const tenthsOf = (leaks: readonly number[]): Record<string, number> =>
  sumOfCounts(leaks.map((ms) => ({ [Math.ceil(ms / 100)]: 1 })));

/** The figures as lines for a person. */
export function figureLines(seeds: number, figures: Figures): string[] {
  const { events, removing, operateCalls, queryCalls, leakMs, leaks, longestMs } = figures;
  const per = (count: number, of: number) => (of === 0 ? 0 : count / of).toFixed(2);
  return [
    `at rest: a leak in ${figures.leaksAtRest} seeds, something missing in ${figures.missingAtRest}`,
    `leak-seconds on the hosted API: ${per(leakMs / 1000, seeds)} a seed, ${per(leakMs / 1000, removing)} a removing operation (${removing})`,
    `  one binding after its removal: ${quantile(leaks, 0.5)} s median, ${quantile(leaks, 0.99)} s p99`,
    `hosted calls per event (${events}): ${per(operateCalls, events)} to change, ${per(queryCalls, events)} to ask`,
    `equal at the latest ${(longestMs / 1000).toFixed(0)} s after calm and the last change`,
  ];
}

function quantile(leaks: Figures['leaks'], share: number): string {
  const sorted = Object.entries(leaks)
    .map(([tenths, times]) => ({ tenths: Number(tenths), times }))
    .sort((a, b) => a.tenths - b.tenths);
  const all = sorted.reduce((sum, { times }) => sum + times, 0);
  let seen = 0;
  const found = sorted.find(({ times }) => {
    seen += times;
    return seen >= all * share;
  });
  return ((found?.tenths ?? 0) / 10).toFixed(1);
}
