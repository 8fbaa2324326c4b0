export const FAULTS = ['late', 'twice', 'swapped', 'lost', 'crash'] as const;
export type Fault = (typeof FAULTS)[number];

/** The share of events that each fault strikes, from 0 to 1. */
export type Rates = Readonly<Record<Fault, number>>;

/** One arrival of an event. `crashes`: the receiver ends in the middle of it, and the sender tries again. */
export type Arrival = { readonly afterMs: number; readonly crashes: boolean };

/** Time after which a sender, or a queue, delivers again what was not answered (ms). */
export const RETRY_MS = 3_000;

/** Returns the arrivals of an event: all receivers get the same. None if it is lost. */
export function arrivalsOf(rates: Rates, random: () => number): Arrival[] {
  const strikes = (fault: Fault) => random() < rates[fault];
  const usualMs = 30 + random() * 120;
  const lateMs = strikes('late') ? 1_000 + random() * 5_000 : 0;
  // The events after it overtake one that waits for a moment.
  const swappedMs = strikes('swapped') ? 400 + random() * 800 : 0;
  const first = { afterMs: usualMs + lateMs + swappedMs, crashes: strikes('crash') };
  const again = { afterMs: first.afterMs + 500 + random() * 4_000, crashes: false };
  const isTwice = strikes('twice');
  if (strikes('lost')) return [];
  return isTwice ? [first, again] : [first];
}
