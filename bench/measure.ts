/** The duration of a measurement: `rounds` turns of about `sliceMs` for each variant, after `warmUpMs` of each. */
export type Effort = { readonly rounds: number; readonly sliceMs: number; readonly warmUpMs: number };

/** Many short turns: another process that takes the machine for a second then slows every variant, and the median drops it. */
export const THOROUGH: Effort = { rounds: 27, sliceMs: 50, warmUpMs: 700 };

/** Enough to see that a row can be measured. Its figures mean nothing. */
export const QUICK: Effort = { rounds: 1, sliceMs: 1, warmUpMs: 1 };

/** The time of one run (µs): processor time of this process with all its threads, and wall time. */
export type Cost = { readonly cpuUs: number; readonly wallUs: number };

/** One run of a piece of work. */
export type Work = () => unknown;

/**
 * Measures variants of one piece of work in turns, in this process, so that a busy machine slows all of them. Warms up
 * each variant first. Returns for each variant its median share of a round, times the median round: a machine that is slow
 * for some rounds is slow for all variants of those rounds, and their ratios stay.
 */
export async function interleaved<K extends string>(
  variants: Readonly<Record<K, Work>>,
  effort: Effort,
): Promise<Record<K, Cost>> {
  const names = Object.keys(variants) as K[]; // the type parameter holds all keys of the object literal
  const runs = new Map<K, number>();
  for (const name of names) runs.set(name, await runsIn(variants[name], effort));
  const costs = new Map<K, Cost[]>(names.map((name) => [name, []]));
  for (let round = 0; round < effort.rounds; round++)
    // Back and forth, so that the garbage of one variant is not always collected during the same other one.
    for (const name of round % 2 === 0 ? names : names.toReversed())
      costs.get(name)?.push(await costOf(variants[name], runs.get(name) ?? 1));
  const perRound = names.map((name) => costs.get(name) ?? []);
  const cpu = medianParts(perRound.map((all) => all.map(({ cpuUs }) => cpuUs)));
  const wall = medianParts(perRound.map((all) => all.map(({ wallUs }) => wallUs)));
  const medians = names.map((name, i): [K, Cost] => [
    name,
    { cpuUs: cpu[i] ?? Number.NaN, wallUs: wall[i] ?? Number.NaN },
  ]);
  return Object.fromEntries(medians) as Record<K, Cost>; // `medians` has an entry for each name
}

/** Returns for each variant its median share of a round, times the median round. Takes the times of each variant by round. */
export function medianParts(perRound: readonly (readonly number[])[]): number[] {
  const rounds =
    perRound[0]?.map((_, round) => perRound.reduce((sum, all) => sum + (all[round] ?? Number.NaN), 0)) ?? [];
  const usual = median(rounds);
  return perRound.map((all) => median(all.map((took, round) => took / (rounds[round] ?? Number.NaN))) * usual);
}

/** Warms up and returns the number of runs that fill a slice. */
async function runsIn(work: Work, { warmUpMs, sliceMs }: Effort): Promise<number> {
  await runFor(work, warmUpMs);
  const { runs, ms } = await runFor(work, warmUpMs / 2);
  return Math.max(1, Math.round((runs / ms) * sliceMs));
}

async function runFor(work: Work, limitMs: number): Promise<{ runs: number; ms: number }> {
  const start = performance.now();
  let runs = 0;
  let ms = 0;
  do {
    await work();
    runs++;
    ms = performance.now() - start;
  } while (ms < limitMs);
  return { runs, ms };
}

async function costOf(work: Work, runs: number): Promise<Cost> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  for (let i = 0; i < runs; i++) await work();
  const ms = performance.now() - wall;
  const { user, system } = process.cpuUsage(cpu);
  return { cpuUs: (user + system) / runs, wallUs: (ms * 1000) / runs };
}

/** The middle value, or the mean of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** The value below which a share of the values lies, interpolated between neighbours. NaN for no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
  return below + (above - below) * (place - Math.floor(place));
}
