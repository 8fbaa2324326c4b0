import { OPERATIONS_QUEUE, PARKED_QUEUE } from '../infra/settings.ts';

/** What `CreateQueue` is told of the parked queue. */
export const parkedQueueAttributes = () => ({ MessageRetentionPeriod: `${PARKED_QUEUE.retentionS}` });

/** What `CreateQueue` is told of the operations queue. The parked queue takes its dead letters, so it is made first. */
export const operationsQueueAttributes = (parkedArn: string) => ({
  VisibilityTimeout: `${OPERATIONS_QUEUE.visibilityS}`,
  MessageRetentionPeriod: `${OPERATIONS_QUEUE.retentionS}`,
  RedrivePolicy: JSON.stringify({
    deadLetterTargetArn: parkedArn,
    maxReceiveCount: OPERATIONS_QUEUE.maxReceiveCount,
  }),
});
