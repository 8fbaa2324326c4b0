/** The longest times until an accepted call is applied (ms), in the usual case and with the fault `late`. */
export type Delays = { readonly usualMs: number; readonly lateMs: number };

type Task = () => Promise<unknown>;

/** Applies accepted calls later, as hosted TPNS does: after a random time, and not always in order. */
export class HostedTasks {
  readonly #delays: Delays;
  readonly #chance: Chance;
  readonly #timers = new Set<NodeJS.Timeout>();
  #delayed: Task | undefined;

  constructor(delays: Delays, chance: Chance) {
    this.#delays = delays;
    this.#chance = chance;
  }

  /** The number of accepted calls that are not applied yet. */
  get pending(): number {
    return this.#timers.size;
  }

  take(task: Task, fault?: Fault): void {
    const { usualMs, lateMs } = this.#delays;
    if (fault === 'lost') return;
    if (fault === 'reorder' && this.#delayed === undefined) this.#delay(task);
    else this.#after(this.#chance() * (fault === 'late' ? lateMs : usualMs), () => this.#doBeforeDelayed(task));
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Delays the task until the next one is done, or for the longest usual time. */
  #delay(task: Task): void {
    this.#delayed = task;
    this.#after(this.#delays.usualMs, () => (this.#delayed === task ? this.#release() : Promise.resolve()));
  }

  async #doBeforeDelayed(task: Task): Promise<void> {
    await task();
    await this.#release();
  }

  async #release(): Promise<void> {
    const delayed = this.#delayed;
    this.#delayed = undefined;
    await delayed?.();
  }

  #after(ms: number, work: Task): void {
    const timer = setTimeout(() => {
      // A failed task is like one that a hosted service loses silently.
      work()
        .catch(() => {})
        .finally(() => this.#timers.delete(timer));
    }, ms);
    this.#timers.add(timer);
  }
}

/** Faults of a call: applied late, never applied, answered with an error, or swapped with the next call. */
export const FAULTS = ['late', 'lost', '5xx', 'reorder'] as const;
export type Fault = (typeof FAULTS)[number];

/** The share of calls with a fault. */
const STRUCK = 0.2;

/** The share of calls that are applied although they are answered with an error. */
const APPLIED_ALL_THE_SAME = 1 / 3;

/** Returns numbers that are evenly distributed in [0, 1). */
export type Chance = () => number;

/** Returns one of the faults, each as likely, or undefined for a call without a fault. */
export function strike(faults: readonly Fault[], chance: Chance): Fault | undefined {
  if (chance() >= STRUCK) return undefined;
  return faults[Math.floor(chance() * faults.length)];
}

export const isAppliedAllTheSame = (chance: Chance): boolean => chance() < APPLIED_ALL_THE_SAME;

export const errorStatus = (chance: Chance): number => (chance() < 0.5 ? 500 : 503);
