import { inParallel } from '../../functions/core/parallel.ts';
import type { Fault } from './faults.ts';
import { type Figures, sumOfCounts, sumOfFigures } from './figures.ts';
import type { Finding, Run } from './finding.ts';

type Suite = (seed: number, only: readonly Fault[] | undefined) => Run | Promise<Run>;

/**
 * Every suite by its name, with the seeds that `npm test` and `npm run test:deep` run of it. Loaded on demand: the
 * smaller ones need no adapters.
 */
export const SUITES = {
  lattice: { seeds: { fast: 500, deep: 200_000 }, load: async () => (await import('./lattice.ts')).latticeCase },
  permutations: { seeds: { fast: 40, deep: 644 }, load: async () => (await import('./permutations.ts')).everyOrder },
  limits: { seeds: { fast: 500, deep: 15_000 }, load: async () => (await import('./limits.ts')).limitsCase },
  storage: { seeds: { fast: 250, deep: 20_000 }, load: async () => (await import('./storage.ts')).storageSchedule },
  installations: {
    seeds: { fast: 200, deep: 15_000 },
    load: async () => (await import('./storage.ts')).installationsSchedule,
  },
  collecting: {
    seeds: { fast: 50, deep: 5_000 },
    load: async () => (await import('./collecting.ts')).collectingSchedule,
  },
  calls: { seeds: { fast: 25, deep: 1_500 }, load: async () => (await import('./calls.ts')).callsCase },
  'end-to-end': {
    seeds: { fast: 25, deep: 4_000 },
    load: async () => (await import('./end-to-end.ts')).endToEndCase,
  },
  history: {
    seeds: { fast: 5, deep: 150 },
    load: async () => (await import('./history.ts')).historyCase,
  },
  phones: { seeds: { fast: 20, deep: 2_000 }, load: async () => (await import('./phones/case.ts')).phonesCase },
  mirror: { seeds: { fast: 8, deep: 600 }, load: async () => (await import('./mirror/case.ts')).mirrorCase },
} as const satisfies Record<string, { seeds: Seeds; load: () => Promise<Suite> }>;

/** The number of seeds of a suite that each of the two test runs takes. */
type Seeds = { readonly fast: number; readonly deep: number };

export type SuiteName = keyof typeof SUITES;

// Every name is a key of SUITES.
export const SUITE_NAMES = Object.keys(SUITES) as SuiteName[];

export type Sweep = {
  readonly suite: SuiteName;
  readonly from: number;
  readonly count: number;
  readonly only?: readonly Fault[] | undefined;
  /** Ends with the first finding. */
  readonly isFirstEnough?: boolean;
};

/** The result of a sweep over seeds. */
export type SweepResult = {
  readonly seeds: number;
  readonly cases: number;
  readonly findings: readonly Finding[];
  readonly faults: Readonly<Record<string, number>>;
  readonly figures: Figures;
};

/** The number of cases that run at the same time: they share nothing, and one turn of the event loop serves all. */
const AT_ONCE = 4;

export async function sweep({ suite, from, count, only, isFirstEnough = false }: Sweep): Promise<SweepResult> {
  const run: Suite = await SUITES[suite].load();
  let sum = sumOf([]);
  const seeds = Array.from({ length: count }, (_, i) => from + i);
  await inParallel(seeds, AT_ONCE, async (seed) => {
    if (isFirstEnough && sum.findings.length > 0) return;
    const one = resultOf(await run(seed, only));
    sum = sumOf([sum, one]);
  });
  return sum;
}

const resultOf = ({ finding, cases = 1, faults = new Map(), figures = {} }: Run): SweepResult => ({
  seeds: 1,
  cases,
  findings: finding ? [finding] : [],
  faults: Object.fromEntries(faults),
  figures: sumOfFigures([figures]),
});

export const sumOf = (parts: readonly SweepResult[]): SweepResult => ({
  seeds: parts.reduce((sum, { seeds }) => sum + seeds, 0),
  cases: parts.reduce((sum, { cases }) => sum + cases, 0),
  findings: parts.flatMap(({ findings }) => findings),
  faults: sumOfCounts(parts.map(({ faults }) => faults)),
  figures: sumOfFigures(parts.map(({ figures }) => figures)),
});
