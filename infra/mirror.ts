import { Annotations, Duration, Validations } from 'aws-cdk-lib';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DeduplicationScope, FifoThroughputLimit, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { App, Mirror as Configured } from '../functions/core/configuration.ts';
import type { Keeping } from './encryption.ts';
import type { MirrorFunctions } from './mirror-functions.ts';
import { feed, isLast, keptQueue } from './queue.ts';
import { CHECKS_QUEUE, DEAD_LETTERS, MARKS_QUEUE, type QueueNumbers } from './settings.ts';

/** An app with a mirror. */
export type Mirrored = App & { readonly mirror: Configured };

/**
 * What one mirror has for itself, so that a hosted side that is slow or away delays no other: the queue of tokens to
 * look at, that of tokens to compare, and the secret of the hosted side.
 */
export class Mirror extends Construct {
  readonly app: Mirrored;
  readonly marks: MirrorQueue;
  readonly checks: MirrorQueue;
  readonly secret: Secret;

  constructor(scope: Construct, id: string, { app, ...kept }: Keeping & { app: Mirrored }) {
    super(scope, id);
    this.app = app;
    this.marks = new MirrorQueue(this, 'Marks', { ...kept, numbers: MARKS_QUEUE, isFifo: true });
    this.checks = new MirrorQueue(this, 'Checks', { ...kept, numbers: CHECKS_QUEUE, isFifo: false });
    this.secret = new Secret(this, 'Secret', {
      description: `Bindery, hosted side of ${app.id}`,
      removalPolicy: kept.removalPolicy,
      ...(kept.key && { encryptionKey: kept.key }),
    });
    this.#leaveEmpty();
    if (URL.parse(app.mirror.url)?.protocol !== 'https:')
      Annotations.of(this).addError(`the mirror of app "${app.id}" is not https: its secret would go in the clear`);
  }

  feed({ mirror, verify }: MirrorFunctions): void {
    feed(this.marks, this.marks.queue, mirror, MARKS_QUEUE.feed);
    feed(this.checks, this.checks.queue, verify, CHECKS_QUEUE.feed);
  }

  /** The value is the hosted service's: a person puts it. CloudFormation makes an empty secret where none is asked for. */
  #leaveEmpty(): void {
    const secret = this.secret.node.defaultChild;
    if (!(secret instanceof CfnSecret)) throw new Error('Secret is no longer made of a secret of CloudFormation');
    secret.generateSecretString = undefined;
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'The hosted service gives out this secret. Whoever changes it there puts the new value here.',
    });
  }
}

type Numbered = Keeping & { numbers: QueueNumbers; isFifo: boolean };

/** A queue of one mirror and the one for its dead letters. Nothing in either is lost for good: `sweep` compares it all. */
export class MirrorQueue extends Construct {
  readonly queue: Queue;
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { numbers, isFifo, ...kept }: Numbered) {
    super(scope, id);
    const kind = { ...keptQueue(kept), ...(isFifo && FIFO) };
    this.dead = new Queue(this, 'Dead', { ...kind, retentionPeriod: Duration.seconds(DEAD_LETTERS.retentionS) });
    isLast(this.dead);
    this.queue = new Queue(this, 'Queue', {
      ...kind,
      retentionPeriod: Duration.seconds(numbers.retentionS),
      visibilityTimeout: Duration.seconds(numbers.visibilityS),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: numbers.maxReceiveCount },
    });
  }
}

/** A group is the lock of its tokens: quotas count by group, and messages carry ids of their own. */
const FIFO = {
  fifo: true,
  contentBasedDeduplication: false,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
} as const;
