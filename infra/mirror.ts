import { Annotations, Duration, Stack, Validations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DeduplicationScope, FifoThroughputLimit, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type App, Mirror as Configured } from '../functions/core/configuration.ts';
import type { MirrorEnvironment, VariablesOf } from '../functions/lambda/environment.ts';
import type { Keeping } from './encryption.ts';
import { allow, DoorFunction, RECEIVING } from './function.ts';
import { feed, isLast, keptQueue } from './queue.ts';
import { CHECKS_QUEUE, DEAD_LETTERS, MARKS_QUEUE, type MirrorDoor, type QueueNumbers } from './settings.ts';

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

/** The two functions that all mirrors share. */
export type MirrorFunctions = Readonly<Record<MirrorDoor, DoorFunction>>;

type Working = Keeping & {
  mirrors: readonly Mirror[];
  table: Pick<ITable, 'tableName' | 'tableArn'>;
  pseudonyms: Secret;
};

export function mirrorFunctions(scope: Construct, { mirrors, table, pseudonyms, ...kept }: Working): MirrorFunctions {
  const environment = {
    REGISTRY_TABLE: table.tableName,
    PSEUDONYM_SECRET: pseudonyms.secretArn,
    MIRRORS: Stack.of(scope).toJsonString(mirrors.map(siteOf)),
  } satisfies VariablesOf<typeof MirrorEnvironment>;
  const [marks, checks] = (['marks', 'checks'] as const).map((name) =>
    mirrors.map((mirror) => mirror[name].queue.queueArn),
  );
  const secrets = [...mirrors.map(({ secret }) => secret.secretArn), pseudonyms.secretArn];
  const reading = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem'];
  const common = { ...kept, environment, recursiveLoop: ALLOWED_LOOP };
  return {
    mirror: new DoorFunction(scope, 'mirror', {
      ...common,
      may: [
        allow(marks ?? [], ...RECEIVING, 'sqs:SendMessage'),
        allow(checks ?? [], 'sqs:SendMessage'),
        allow(secrets, 'secretsmanager:GetSecretValue'),
        allow(table.tableArn, ...reading, 'dynamodb:Query'),
      ],
    }),
    verify: new DoorFunction(scope, 'verify', {
      ...common,
      may: [
        allow(checks ?? [], ...RECEIVING, 'sqs:SendMessage'),
        allow(marks ?? [], 'sqs:SendMessage'),
        allow(secrets, 'secretsmanager:GetSecretValue'),
        allow(table.tableArn, ...reading),
      ],
    }),
  };
}

/**
 * These two call each other through their queues on purpose: a push is verified, and what a verification finds different
 * is pushed again. Lambda would take that for a runaway loop and drop the message after some 16 rounds. It cannot run
 * away: a mark makes one check at most and a check one mark, and the wait doubles with each round up to 15 minutes.
 */
const ALLOWED_LOOP = RecursiveLoop.ALLOW;

const siteOf = ({ app, marks, checks, secret }: Mirror) => ({
  app: sparing(app),
  marks: marks.queue.queueUrl,
  checks: checks.queue.queueUrl,
  secret: secret.secretArn,
});

/** Without what is the default anyway: an environment has 4 KB. */
const sparing = ({ mirror, ...app }: Mirrored) => {
  const { url, app: id, dialect } = mirror;
  const defaults = new Map<string, unknown>(Object.entries(Configured.parse({ url, app: id, dialect })));
  const own = Object.entries(mirror).filter(([name, value]) => defaults.get(name) !== value);
  return { ...app, mirror: { url, app: id, dialect, ...Object.fromEntries(own) } };
};
