import type { Announce } from '../core/installation.ts';
import { binds, type Operation, type Origin } from '../core/operation.ts';
import { type Outcome, orUnavailable, Unavailable } from '../core/outcome.ts';

/** The result of accepting a request's operations. An outcome `unavailable` is durable: a worker applies it later. */
export type Accepted =
  | { readonly kind: 'accepted'; readonly outcomes: readonly Outcome[] }
  | TooLarge
  | { readonly kind: 'unavailable'; readonly reason: string }; // the sender retries

/** The operations do not fit into one message of the queue. None was accepted. */
type TooLarge = { readonly kind: 'tooLarge' };

/** Accepts the operations of a request. They carry its origin through the queue. */
export type Accept = (origin: Origin, operations: readonly Operation[]) => Promise<Accepted>;

export type AcceptPorts = {
  /** Resolves once all operations are on the queue, or with `tooLarge` if none is. */
  readonly enqueue: (origin: Origin, operations: readonly Operation[]) => Promise<TooLarge | undefined>;
  /** Writes nothing before `durable` resolves. */
  readonly apply: (
    operations: readonly Operation[],
    announce: Announce,
    durable: Promise<unknown>,
  ) => Promise<Outcome[]>;
  /** Resolves with the work's result, or with `late` after the longest time that a caller waits. */
  readonly withinBudget: <T>(work: Promise<T>) => Promise<T | 'late'>;
};

/**
 * Durable first, applied second. The queue is the redo log: the worker applies all operations on it, even if this process
 * dies. The door applies them too, so that the next query sees them; then the worker's copy changes nothing. It reads
 * while the message is on its way, which has no effect, and writes once the message is there.
 */
export const accepting =
  ({ enqueue, apply, withinBudget }: AcceptPorts): Accept =>
  async (origin, operations) => {
    const sending = orUnavailable(() => enqueue(origin, operations));
    const durable = sending.then((failed) => {
      if (failed) throw new Unavailable('not on the queue');
    });
    // The worker marks mirrors, so that it gets the removals too. They wait here: those that are in effect already have no
    // write to wait in.
    const announce: Announce = async (removals) => {
      await durable;
      await enqueue(origin, removals);
    };
    const applying = orUnavailable(() => apply(operations, announce, durable));
    // Both are awaited below, unless the message did not get there.
    for (const begun of [durable, applying]) begun.catch(() => {});
    const sent = await sending;
    if (sent) return sent;
    const outcomes = await withinBudget(applying);
    if (Array.isArray(outcomes)) return { kind: 'accepted', outcomes };
    const reason = outcomes === 'late' ? outcomes : outcomes.reason;
    return { kind: 'accepted', outcomes: operations.map(() => ({ kind: 'unavailable', reason })) };
  };

/** The outcome in an answer to a sender. `durable`: on the queue, not yet visible to queries. */
export type Answer = Exclude<Outcome['kind'], 'unavailable'> | 'durable';

const answerTo = ({ kind }: Outcome): Answer => (kind === 'unavailable' ? 'durable' : kind);

/**
 * The answer to an event, from the outcomes of its operations: `superseded` if a removal of it leaves something bound, or
 * if nothing of it is in effect.
 */
export function answerToEvent(operations: readonly Operation[], outcomes: readonly Outcome[]): Answer {
  const answers = outcomes.map(answerTo);
  for (const one of ['durable', 'refused'] as const) if (answers.includes(one)) return one;
  return removalsThatLeave(operations, outcomes) > 0 ? 'superseded' : answerToAll(answers);
}

/** The answer to a request: `durable` if anything is not yet in effect, `applied` if anything is in effect. */
export function answerToAll(answers: readonly Answer[]): Answer {
  for (const one of ['durable', 'applied', 'superseded'] as const) if (answers.includes(one)) return one;
  return 'refused';
}

/** The number of removals that leave something bound. */
const removalsThatLeave = (operations: readonly Operation[], outcomes: readonly Outcome[]): number =>
  operations.filter((operation, i) => !binds(operation) && outcomes[i]?.kind === 'superseded').length;

/** That number for the log line, if there is any: the one cheap sign that the clocks of senders disagree. */
export function supersededRemovals(operations: readonly Operation[], outcomes: readonly Outcome[]) {
  const superseded_removals = removalsThatLeave(operations, outcomes);
  return superseded_removals > 0 ? { superseded_removals } : {};
}
