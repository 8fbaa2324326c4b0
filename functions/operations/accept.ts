import type { Operation } from '../core/operation.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';

/** The result of accepting a request's operations. */
export type Accepted =
  | { readonly kind: 'applied'; readonly outcomes: readonly Outcome[] } // visible to the next query
  | { readonly kind: 'durable' } // on the queue, applied later
  | TooLarge
  | { readonly kind: 'unavailable'; readonly reason: string }; // the sender retries

/** The operations do not fit into one message of the queue. None was accepted. */
type TooLarge = { readonly kind: 'tooLarge' };

/** Accepts the operations of a request. `id`: the request's, which they carry through the queue. */
export type Accept = (id: string, operations: readonly Operation[]) => Promise<Accepted>;

export type AcceptPorts = {
  /** Resolves once all operations are on the queue, or with `tooLarge` if none is. */
  readonly enqueue: (id: string, operations: readonly Operation[]) => Promise<TooLarge | undefined>;
  readonly apply: (operations: readonly Operation[]) => Promise<Outcome[]>;
  /** Resolves with the work's result, or with `late` after the longest time that a caller waits. */
  readonly withinBudget: <T>(work: Promise<T>) => Promise<T | 'late'>;
};

/**
 * Durable first, applied second. The queue is the redo log: the worker applies all operations on it, even if this process
 * dies. The door applies them too, so that the next query sees them; then the worker's copy changes nothing.
 */
export const accepting =
  ({ enqueue, apply, withinBudget }: AcceptPorts): Accept =>
  async (id, operations) => {
    const sent = await orUnavailable(() => enqueue(id, operations));
    if (sent) return sent;
    const outcomes = await withinBudget(orUnavailable(() => apply(operations)));
    if (!Array.isArray(outcomes) || outcomes.some((outcome) => outcome.kind === 'unavailable'))
      return { kind: 'durable' };
    return { kind: 'applied', outcomes };
  };
