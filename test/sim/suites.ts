import { inParallel } from '../../functions/core/parallel.ts';
import type { Fault } from './faults.ts';
import type { Finding, Run } from './finding.ts';
import type { Exposure } from './leaks.ts';
import { type MirrorFigures, NO_FIGURES, sumOfFigures } from './mirror/figures.ts';
import { present } from './random.ts';

export type Suite = (seed: number, only: readonly Fault[] | undefined) => Run | Promise<Run>;

/**
 * Every suite by its name, with the seeds that `npm test` and `npm run test:deep` run of it. Loaded on demand: the
 * smaller ones need no adapters.
 */
export const SUITES = {
  lattice: {
    seeds: { fast: 2_000, deep: 200_000 },
    load: async (): Promise<Suite> => {
      const { latticeCase } = await import('./lattice.ts');
      return (seed) => ({ finding: latticeCase(seed) });
    },
  },
  permutations: {
    seeds: { fast: 40, deep: 518 },
    load: async (): Promise<Suite> => {
      const { everyOrder, PERMUTED } = await import('./permutations.ts');
      return (seed) => {
        const { orders, finding } = everyOrder(present(PERMUTED[seed % PERMUTED.length]));
        return { cases: orders, finding: finding && { ...finding, seed } };
      };
    },
  },
  limits: {
    seeds: { fast: 1_000, deep: 60_000 },
    load: async (): Promise<Suite> => {
      const { horizonCase, overflowCase } = await import('./limits.ts');
      return (seed) => ({ finding: seed % 2 === 0 ? overflowCase(seed) : horizonCase(seed) });
    },
  },
  storage: {
    seeds: { fast: 500, deep: 40_000 },
    load: async (): Promise<Suite> => (await import('./storage.ts')).storageSchedule,
  },
  collecting: {
    seeds: { fast: 300, deep: 10_000 },
    load: async (): Promise<Suite> => (await import('./collecting.ts')).collectingSchedule,
  },
  calls: {
    seeds: { fast: 200, deep: 3_000 },
    load: async (): Promise<Suite> => (await import('./calls.ts')).callsCase,
  },
  'end-to-end': {
    seeds: { fast: 200, deep: 10_000 },
    load: async (): Promise<Suite> => (await import('./end-to-end.ts')).endToEndCase,
  },
  mirror: {
    seeds: { fast: 25, deep: 1_500 },
    load: async (): Promise<Suite> => (await import('./mirror/case.ts')).mirrorCase,
  },
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
  readonly exposure: Exposure;
  readonly figures: MirrorFigures;
};

/** The number of cases that run at the same time: they share nothing, and one turn of the event loop serves all. */
const AT_ONCE = 4;

export async function sweep({ suite, from, count, only, isFirstEnough = false }: Sweep): Promise<SweepResult> {
  const run = await SUITES[suite].load();
  let sum = sumOf([]);
  let isEnough = false;
  const seeds = Array.from({ length: count }, (_, i) => from + i);
  await inParallel(seeds, AT_ONCE, async (seed) => {
    if (isEnough) return;
    const one = await run(seed, only);
    sum = sumOf([sum, resultOf(one)]);
    isEnough ||= isFirstEnough && one.finding !== undefined;
  });
  return sum;
}

const resultOf = ({
  finding,
  cases = 1,
  faults = new Map(),
  exposure = NONE,
  figures = NO_FIGURES,
}: Run): SweepResult => ({
  seeds: 1,
  cases,
  findings: finding ? [finding] : [],
  faults: Object.fromEntries(faults),
  exposure,
  figures,
});

const NONE: Exposure = { exposedMs: 0, leakedMs: 0, removals: 0 };

export function sumOf(parts: readonly SweepResult[]): SweepResult {
  const sum = (of: (part: SweepResult) => number) => parts.reduce((all, part) => all + of(part), 0);
  const faults = new Map<string, number>();
  for (const part of parts)
    for (const [fault, times] of Object.entries(part.faults)) faults.set(fault, (faults.get(fault) ?? 0) + times);
  return {
    seeds: sum(({ seeds }) => seeds),
    cases: sum(({ cases }) => cases),
    findings: parts.flatMap(({ findings }) => findings),
    faults: Object.fromEntries(faults),
    exposure: {
      exposedMs: sum(({ exposure }) => exposure.exposedMs),
      leakedMs: sum(({ exposure }) => exposure.leakedMs),
      removals: sum(({ exposure }) => exposure.removals),
    },
    figures: sumOfFigures(parts.map(({ figures }) => figures)),
  };
}
