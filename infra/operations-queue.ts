import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Keeping } from './encryption.ts';
import { feed, isLast, keptQueue } from './queue.ts';
import { type Feed, OPERATIONS_QUEUE, PARKED_QUEUE } from './settings.ts';

/**
 * The redo log: a standard queue, since order comes from the stamps and not from the queue. What cannot be applied ends
 * in `parked`, whether `apply` put it there with a reason or SQS did after too many receives.
 */
export class OperationsQueue extends Construct {
  readonly queue: Queue;
  readonly parked: Queue;

  constructor(scope: Construct, id: string, kept: Keeping) {
    super(scope, id);
    this.parked = new Queue(this, 'Parked', {
      ...keptQueue(kept),
      retentionPeriod: Duration.seconds(PARKED_QUEUE.retentionS),
    });
    isLast(this.parked);
    this.queue = new Queue(this, 'Queue', {
      ...keptQueue(kept),
      retentionPeriod: Duration.seconds(OPERATIONS_QUEUE.retentionS),
      visibilityTimeout: Duration.seconds(OPERATIONS_QUEUE.visibilityS),
      deadLetterQueue: { queue: this.parked, maxReceiveCount: OPERATIONS_QUEUE.maxReceiveCount },
    });
  }

  feed(target: IFunction, numbers: Feed): void {
    feed(this, this.queue, target, numbers);
  }
}
