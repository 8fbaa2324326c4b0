import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EVENT_SOURCE, OPERATIONS_QUEUE, PARKED_QUEUE } from './settings.ts';

/**
 * The redo log: a standard queue, since order comes from the stamps and not from the queue. What cannot be applied ends
 * in `parked`, whether `apply` put it there with a reason or SQS did after too many receives.
 */
export class OperationsQueue extends Construct {
  readonly queue: Queue;
  readonly parked: Queue;

  constructor(scope: Construct, id: string, { removalPolicy }: { removalPolicy: RemovalPolicy }) {
    super(scope, id);
    const kept = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true, removalPolicy };
    this.parked = new Queue(this, 'Parked', {
      ...kept,
      retentionPeriod: Duration.seconds(PARKED_QUEUE.retentionS),
    });
    this.queue = new Queue(this, 'Queue', {
      ...kept,
      retentionPeriod: Duration.seconds(OPERATIONS_QUEUE.retentionS),
      visibilityTimeout: Duration.seconds(OPERATIONS_QUEUE.visibilityS),
      deadLetterQueue: { queue: this.parked, maxReceiveCount: OPERATIONS_QUEUE.maxReceiveCount },
    });
  }

  /**
   * Lets Lambda feed the queue to a function, which returns only the messages that failed. This grants nothing: the
   * function's role says what it may do here.
   */
  feed(target: IFunction): void {
    new EventSourceMapping(this, 'Feed', {
      target,
      eventSourceArn: this.queue.queueArn,
      reportBatchItemFailures: true,
      batchSize: EVENT_SOURCE.batchSize,
      maxConcurrency: EVENT_SOURCE.maxConcurrency,
    });
  }
}
