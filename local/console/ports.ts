import type { TokenRef } from '../../functions/core/store.ts';
import type { ParkedReason, Question, Queues, Timeline } from './wire.ts';

/** Things that the page asks an operator's tool for. The commands of the product do them too. */
export type Operator = {
  /** Returns tokens of the registry, and if they are all. */
  readonly tokens: () => Promise<{ readonly tokens: readonly TokenRef[]; readonly isWhole: boolean }>;
  /** Left out where no ledger is kept. */
  readonly timeline?: (question: Question) => Promise<Timeline>;
  readonly queues: () => Promise<Queues>;
  /** Reads the parked queue: each read counts as a receive of its messages. */
  readonly parked: () => Promise<readonly ParkedReason[]>;
  /** Returns the lines of a redrive, or of its dry run. Left out where nothing may be changed. */
  readonly redrive?: (reason: string | undefined, isDry: boolean) => Promise<readonly string[]>;
};
