import type { Operation } from '../core/operation.ts';
import { type Outcome, orUnavailable } from '../core/outcome.ts';

/** What became of a request's operations: in effect, each with its outcome; on the queue; or not accepted at all. */
export type Accepted =
  | { readonly kind: 'applied'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'durable' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** `id` is the request's: it goes with the operations through the queue. */
export type Accept = (id: string, operations: readonly Operation[]) => Promise<Accepted>;

export type AcceptPorts = {
  /** Resolves once the queue holds all operations. */
  readonly enqueue: (id: string, operations: readonly Operation[]) => Promise<void>;
  readonly apply: (operations: readonly Operation[]) => Promise<Outcome[]>;
  /** Resolves with the work's result, or with `late` when the time a caller is kept waiting is over. */
  readonly withinBudget: <T>(work: Promise<T>) => Promise<T | 'late'>;
};

/**
 * Durable first, effective second. The queue is the redo log: once it has the operations they will be applied, whatever
 * becomes of this process. Applying them here too is what lets the next query see them; when the worker meets them
 * again they change nothing.
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
