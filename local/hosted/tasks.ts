/** How long a task that was accepted may take until it is done (ms), and one that is late. */
export type Delays = { readonly usualMs: number; readonly lateMs: number };

type Task = () => Promise<unknown>;

/** Does what was accepted later, as hosted TPNS does: after a random while, and not always in the order of acceptance. */
export class HostedTasks {
  readonly #delays: Delays;
  readonly #chance: Chance;
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: Task | undefined;

  constructor(delays: Delays, chance: Chance) {
    this.#delays = delays;
    this.#chance = chance;
  }

  /** Accepted and not done yet. */
  get pending(): number {
    return this.#timers.size;
  }

  take(task: Task, fault?: Fault): void {
    const { usualMs, lateMs } = this.#delays;
    if (fault === 'lost') return;
    if (fault === 'reorder' && this.#held === undefined) this.#hold(task);
    else this.#after(this.#chance() * (fault === 'late' ? lateMs : usualMs), () => this.#doBeforeHeld(task));
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Until the next task is done, or for as long as one may take. */
  #hold(task: Task): void {
    this.#held = task;
    this.#after(this.#delays.usualMs, () => (this.#held === task ? this.#release() : Promise.resolve()));
  }

  async #doBeforeHeld(task: Task): Promise<void> {
    await task();
    await this.#release();
  }

  async #release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.();
  }

  #after(ms: number, work: Task): void {
    const timer = setTimeout(() => {
      // A task that fails is one that hosted services lose without a word.
      work()
        .catch(() => {})
        .finally(() => this.#timers.delete(timer));
    }, ms);
    this.#timers.add(timer);
  }
}

/** What may happen to a call: it takes effect late, or never, is answered with an error, or changes places with the next. */
export const FAULTS = ['late', 'lost', '5xx', 'reorder'] as const;
export type Fault = (typeof FAULTS)[number];

/** Calls that something happens to. */
const STRUCK = 0.2;

/** Of the calls answered with an error, those that take effect all the same. */
const APPLIED_ALL_THE_SAME = 1 / 3;

/** Evenly in [0, 1). */
export type Chance = () => number;

/** What happens to one call: one of the faults, each as likely, or nothing. */
export function strike(faults: readonly Fault[], chance: Chance): Fault | undefined {
  if (chance() >= STRUCK) return undefined;
  return faults[Math.floor(chance() * faults.length)];
}

export const isAppliedAllTheSame = (chance: Chance): boolean => chance() < APPLIED_ALL_THE_SAME;

export const errorStatus = (chance: Chance): number => (chance() < 0.5 ? 500 : 503);
