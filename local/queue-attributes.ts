import {
  CHECKS_QUEUE,
  DEAD_LETTERS,
  MARKS_QUEUE,
  OPERATIONS_QUEUE,
  PARKED_QUEUE,
  type QueueNumbers,
} from '../infra/settings.ts';

export type Attributes = Readonly<Record<string, string>>;

/** What a FIFO queue is when it is made, and stays. */
export const FIFO: Attributes = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
};

/** What a queue is told that takes dead letters. */
const lastAttributes = ({ retentionS }: { retentionS: number }): Attributes => ({
  MessageRetentionPeriod: `${retentionS}`,
});

/** What a queue is told that feeds a function. The queue of its dead letters is made first. */
const feedingAttributes = (numbers: Omit<QueueNumbers, 'feed'>, deadLetterTargetArn: string): Attributes => ({
  VisibilityTimeout: `${numbers.visibilityS}`,
  MessageRetentionPeriod: `${numbers.retentionS}`,
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: numbers.maxReceiveCount }),
});

/** A queue and the one behind it, as the server is told of them. */
export type Pair = {
  readonly feeding: (deadArn: string) => Attributes;
  readonly dead: Attributes;
  readonly made?: Attributes;
};

export const OPERATIONS: Pair = {
  feeding: (dead) => feedingAttributes(OPERATIONS_QUEUE, dead),
  dead: lastAttributes(PARKED_QUEUE),
};

export const MARKS: Pair = {
  feeding: (dead) => feedingAttributes(MARKS_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
  made: FIFO,
};

export const CHECKS: Pair = {
  feeding: (dead) => feedingAttributes(CHECKS_QUEUE, dead),
  dead: lastAttributes(DEAD_LETTERS),
};
