import { Duration, Validations } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Keeping } from './encryption.ts';
import { EVENT_SOURCE, KEY_REUSE_S, OPERATIONS_QUEUE, PARKED_QUEUE } from './settings.ts';

/**
 * The redo log: a standard queue, since order comes from the stamps and not from the queue. What cannot be applied ends
 * in `parked`, whether `apply` put it there with a reason or SQS did after too many receives.
 */
export class OperationsQueue extends Construct {
  readonly queue: Queue;
  readonly parked: Queue;

  constructor(scope: Construct, id: string, { removalPolicy, key }: Keeping) {
    super(scope, id);
    const encrypted = key
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: Duration.seconds(KEY_REUSE_S) }
      : { encryption: QueueEncryption.SQS_MANAGED };
    const kept = { ...encrypted, enforceSSL: true, removalPolicy };
    this.parked = new Queue(this, 'Parked', {
      ...kept,
      retentionPeriod: Duration.seconds(PARKED_QUEUE.retentionS),
    });
    Validations.of(this.parked).acknowledge({
      id: 'Serverless-SQSRedrivePolicy',
      reason: 'This is the queue that the other one redrives to. Nothing receives from it but a person.',
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
    const feed = new EventSourceMapping(this, 'Feed', {
      target,
      eventSourceArn: this.queue.queueArn,
      reportBatchItemFailures: true,
      batchSize: EVENT_SOURCE.batchSize,
      maxConcurrency: EVENT_SOURCE.maxConcurrency,
    });
    Validations.of(feed).acknowledge({
      id: 'Serverless-LambdaEventSourceMappingDestination',
      reason:
        'Lambda has no failure destination for SQS: what fails too often goes to the parked queue by redrive policy.',
    });
  }
}
