/** The figures of mirrored cases, in numbers that add up. Times in ms. */
export type MirrorFigures = {
  readonly events: number;
  /** Operations of the mirrored app that can take a binding away. */
  readonly removing: number;
  readonly operateCalls: number;
  readonly queryCalls: number;
  readonly leakMs: number;
  /** How many removals of one binding outlived it on the hosted API for so many tenths of a second. */
  readonly leaks: Readonly<Record<string, number>>;
  readonly leaksAtRest: number;
  readonly missingAtRest: number;
  /** The longest that the two sides differed after calm and the last change. */
  readonly longestMs: number;
};

export const NO_FIGURES: MirrorFigures = {
  events: 0,
  removing: 0,
  operateCalls: 0,
  queryCalls: 0,
  leakMs: 0,
  leaks: {},
  leaksAtRest: 0,
  missingAtRest: 0,
  longestMs: 0,
};

const ADDED = ['events', 'removing', 'operateCalls', 'queryCalls', 'leakMs', 'leaksAtRest', 'missingAtRest'] as const;

export function sumOfFigures(parts: readonly MirrorFigures[]): MirrorFigures {
  const leaks: Record<string, number> = {};
  for (const part of parts)
    for (const [tenths, times] of Object.entries(part.leaks)) leaks[tenths] = (leaks[tenths] ?? 0) + times;
  const sums = ADDED.map((name) => [name, parts.reduce((sum, part) => sum + part[name], 0)]);
  return {
    ...NO_FIGURES,
    ...Object.fromEntries(sums),
    leaks,
    longestMs: Math.max(0, ...parts.map(({ longestMs }) => longestMs)),
  };
}

export const tenthsOf = (leaks: readonly number[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const ms of leaks) counts[Math.ceil(ms / 100)] = (counts[Math.ceil(ms / 100)] ?? 0) + 1;
  return counts;
};

/** The figures as lines for a person. */
export function figureLines(seeds: number, figures: MirrorFigures): string[] {
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

function quantile(leaks: MirrorFigures['leaks'], share: number): string {
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
