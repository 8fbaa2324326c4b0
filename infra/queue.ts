import { Duration, Validations } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Keeping } from './encryption.ts';
import { type Feed, KEY_REUSE_S, OPERATIONS_QUEUE, PARKED_QUEUE } from './settings.ts';

/** What all queues have: encryption, TLS only, and what becomes of them when the stack goes. */
export const keptQueue = ({ removalPolicy, key }: Keeping): QueueProps => {
  const encrypted = key
    ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: Duration.seconds(KEY_REUSE_S) }
    : { encryption: QueueEncryption.SQS_MANAGED };
  return { ...encrypted, enforceSSL: true, removalPolicy };
};

/** A queue that SQS moves messages to is the last one. */
export const isLast = (dead: Queue): void =>
  Validations.of(dead).acknowledge({
    id: 'Serverless-SQSRedrivePolicy',
    reason: 'This is the queue that the other one redrives to. Nothing receives from it but a person.',
  });

/**
 * Lets Lambda feed the queue to a function, which returns only the messages that failed. This grants nothing: the
 * function's role says what it may do here.
 */
export function feed(scope: Construct, queue: Queue, target: IFunction, numbers: Feed): void {
  const mapping = new EventSourceMapping(scope, 'Feed', {
    target,
    eventSourceArn: queue.queueArn,
    reportBatchItemFailures: true,
    batchSize: numbers.batchSize,
    maxConcurrency: numbers.maxConcurrency,
    ...(numbers.windowS !== undefined && { maxBatchingWindow: Duration.seconds(numbers.windowS) }),
  });
  Validations.of(mapping).acknowledge({
    id: 'Serverless-LambdaEventSourceMappingDestination',
    reason:
      'Lambda has no failure destination for SQS: what fails too often goes to the queue behind this one by redrive policy.',
  });
}

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
