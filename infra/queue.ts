import { Duration, Validations } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda';
import { type Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Keeping } from './encryption.ts';
import { type Feed, KEY_REUSE_S } from './settings.ts';

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
