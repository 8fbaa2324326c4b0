import { Duration, Validations } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StorageProps } from './encryption.ts';
import { type Feed, KEY_REUSE_S, OPERATIONS_QUEUE, PARKED_QUEUE } from './settings.ts';

/** Properties of all queues: encryption, TLS only, and their fate when the stack is deleted. */
export const queueProps = ({ removalPolicy, key }: StorageProps): QueueProps => {
  const encrypted = key
    ? { encryption: QueueEncryption.KMS, encryptionMasterKey: key, dataKeyReuse: Duration.seconds(KEY_REUSE_S) }
    : { encryption: QueueEncryption.SQS_MANAGED };
  return { ...encrypted, enforceSSL: true, removalPolicy };
};

/** Accepts that a queue of dead letters has no queue of dead letters itself. */
export const acknowledgeNoRedrive = (dead: Queue): void =>
  Validations.of(dead).acknowledge({
    id: 'Serverless-SQSRedrivePolicy',
    reason: 'This is the queue of dead letters of another queue. Only an operator receives from it.',
  });

/**
 * Has Lambda feed the queue to a function. The function returns the messages that failed, and only these stay. This
 * grants no permission: the function's role lists what it needs.
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
      'Lambda has no failure destination for SQS. The redrive policy moves a message that failed too often to the queue of dead letters.',
  });
}

/**
 * The redo log: a standard queue, since order comes from the stamps and not from the queue. Operations that cannot be
 * applied end in `parked`: `apply` sends them there with a reason, or SQS moves them after too many receives.
 */
export class OperationsQueue extends Construct {
  readonly queue: Queue;
  readonly parked: Queue;

  constructor(scope: Construct, id: string, storage: StorageProps) {
    super(scope, id);
    this.parked = new Queue(this, 'Parked', {
      ...queueProps(storage),
      retentionPeriod: Duration.seconds(PARKED_QUEUE.retentionS),
    });
    acknowledgeNoRedrive(this.parked);
    this.queue = new Queue(this, 'Queue', {
      ...queueProps(storage),
      retentionPeriod: Duration.seconds(OPERATIONS_QUEUE.retentionS),
      visibilityTimeout: Duration.seconds(OPERATIONS_QUEUE.visibilityS),
      deadLetterQueue: { queue: this.parked, maxReceiveCount: OPERATIONS_QUEUE.maxReceiveCount },
    });
  }

  feed(target: IFunction, numbers: Feed): void {
    feed(this, this.queue, target, numbers);
  }
}
