import { Annotations, Duration, Stack, Validations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DeduplicationScope, FifoThroughputLimit, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type App, Mirror as MirrorSettings } from '../functions/core/configuration.ts';
import type { MirrorEnvironment, VariablesOf } from '../functions/lambda/environment.ts';
import type { StorageProps } from './encryption.ts';
import { allow, DoorFunction, RECEIVE_ACTIONS } from './function.ts';
import { acknowledgeNoRedrive, feed, queueProps } from './queue.ts';
import { CHECKS_QUEUE, DEAD_LETTERS, MARKS_QUEUE, type MirrorDoor, type QueueNumbers } from './settings.ts';

/** An app that is copied to a hosted API. */
export type MirroredApp = App & { readonly mirror: MirrorSettings };

/**
 * The resources of one mirror: a queue of dirty marks, a queue of checks, and the secret of the hosted API. Each mirror has
 * its own queues, so that a hosted API that is slow or down delays no other mirror.
 */
export class Mirror extends Construct {
  readonly app: MirroredApp;
  readonly marks: MirrorQueue;
  readonly checks: MirrorQueue;
  readonly secret: Secret;

  constructor(scope: Construct, id: string, { app, ...storage }: StorageProps & { app: MirroredApp }) {
    super(scope, id);
    this.app = app;
    this.marks = new MirrorQueue(this, 'Marks', { ...storage, numbers: MARKS_QUEUE, isFifo: true });
    this.checks = new MirrorQueue(this, 'Checks', { ...storage, numbers: CHECKS_QUEUE, isFifo: false });
    this.secret = new Secret(this, 'Secret', {
      description: `Bindery, hosted API of ${app.id}`,
      removalPolicy: storage.removalPolicy,
      ...(storage.key && { encryptionKey: storage.key }),
    });
    this.#leaveEmpty();
    if (URL.parse(app.mirror.url)?.protocol !== 'https:')
      Annotations.of(this).addError(
        `the mirror of app "${app.id}" has no https URL, so its secret would be sent unencrypted: use https`,
      );
  }

  feed({ mirror, verify }: MirrorFunctions): void {
    feed(this.marks, this.marks.queue, mirror, MARKS_QUEUE.feed);
    feed(this.checks, this.checks.queue, verify, CHECKS_QUEUE.feed);
  }

  /**
   * An operator puts the value, which the hosted service gives out. Without a generator CloudFormation makes an empty
   * secret.
   */
  #leaveEmpty(): void {
    const secret = this.secret.node.defaultChild;
    if (!(secret instanceof CfnSecret)) throw new Error('bug: Secret no longer contains a CfnSecret');
    secret.generateSecretString = undefined;
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'The hosted service gives out this secret. An operator who changes it there puts the new value here.',
    });
  }
}

type MirrorQueueProps = StorageProps & { numbers: QueueNumbers; isFifo: boolean };

/** A queue of one mirror and its queue of dead letters. Lost messages delay a token only: `sweep` checks all tokens daily. */
export class MirrorQueue extends Construct {
  readonly queue: Queue;
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { numbers, isFifo, ...storage }: MirrorQueueProps) {
    super(scope, id);
    const kind = { ...queueProps(storage), ...(isFifo && FIFO) };
    this.dead = new Queue(this, 'Dead', { ...kind, retentionPeriod: Duration.seconds(DEAD_LETTERS.retentionS) });
    acknowledgeNoRedrive(this.dead);
    this.queue = new Queue(this, 'Queue', {
      ...kind,
      retentionPeriod: Duration.seconds(numbers.retentionS),
      visibilityTimeout: Duration.seconds(numbers.visibilityS),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: numbers.maxReceiveCount },
    });
  }
}

/** A message group locks its tokens. The quota counts by group, and each message has its own deduplication id. */
const FIFO = {
  fifo: true,
  contentBasedDeduplication: false,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
} as const;

/** The two functions that all mirrors share. */
export type MirrorFunctions = Readonly<Record<MirrorDoor, DoorFunction>>;

type MirrorFunctionsProps = StorageProps & {
  mirrors: readonly Mirror[];
  table: Pick<ITable, 'tableName' | 'tableArn'>;
  pseudonyms: Secret;
};

export function mirrorFunctions(
  scope: Construct,
  { mirrors, table, pseudonyms, ...storage }: MirrorFunctionsProps,
): MirrorFunctions {
  const environment = {
    REGISTRY_TABLE: table.tableName,
    PSEUDONYM_SECRET: pseudonyms.secretArn,
    MIRRORS: Stack.of(scope).toJsonString(mirrors.map(site)),
  } satisfies VariablesOf<typeof MirrorEnvironment>;
  const [marks, checks] = (['marks', 'checks'] as const).map((name) =>
    mirrors.map((mirror) => mirror[name].queue.queueArn),
  );
  const secrets = [...mirrors.map(({ secret }) => secret.secretArn), pseudonyms.secretArn];
  const reading = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem'];
  const common = { ...storage, environment, recursiveLoop: ALLOWED_LOOP };
  return {
    mirror: new DoorFunction(scope, 'mirror', {
      ...common,
      permissions: [
        allow(marks ?? [], ...RECEIVE_ACTIONS, 'sqs:SendMessage'),
        allow(checks ?? [], 'sqs:SendMessage'),
        allow(secrets, 'secretsmanager:GetSecretValue'),
        allow(table.tableArn, ...reading, 'dynamodb:Query'),
      ],
    }),
    verify: new DoorFunction(scope, 'verify', {
      ...common,
      permissions: [
        allow(checks ?? [], ...RECEIVE_ACTIONS, 'sqs:SendMessage'),
        allow(marks ?? [], 'sqs:SendMessage'),
        allow(secrets, 'secretsmanager:GetSecretValue'),
        allow(table.tableArn, ...reading),
      ],
    }),
  };
}

/**
 * These two functions call each other through their queues on purpose: `verify` checks each push, and marks a token that
 * differs so that `mirror` pushes again. Lambda would drop the message as a runaway loop after about 16 rounds. It cannot
 * run away: a mark makes at most one check, a check at most one mark, and the wait doubles each round up to 15 minutes.
 */
const ALLOWED_LOOP = RecursiveLoop.ALLOW;

/** The entry of one mirror in the variable `MIRRORS`. */
const site = ({ app, marks, checks, secret }: Mirror) => ({
  app: withoutDefaults(app),
  marks: marks.queue.queueUrl,
  checks: checks.queue.queueUrl,
  secret: secret.secretArn,
});

/** Omits settings that have their default: an environment has 4 KB. */
const withoutDefaults = ({ mirror, ...app }: MirroredApp) => {
  const { url, app: id, dialect } = mirror;
  const defaults = new Map<string, unknown>(Object.entries(MirrorSettings.parse({ url, app: id, dialect })));
  const own = Object.entries(mirror).filter(([name, value]) => defaults.get(name) !== value);
  return { ...app, mirror: { url, app: id, dialect, ...Object.fromEntries(own) } };
};
