import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Match, Rule, type RuleProps } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import * as z from 'zod';
import type { Configuration } from '../functions/core/bindery-json.ts';
import type { Source } from '../functions/core/configuration.ts';
import type { IntakeEnvironment, VariablesOf } from '../functions/lambda/environment.ts';
import { configurationFor, isQueued } from './configuration.ts';
import type { StorageProps } from './encryption.ts';
import { allow, DoorFunction, RECEIVE_ACTIONS } from './function.ts';
import { acknowledgeNoRedrive, feed, type OperationsQueue, queueProps } from './queue.ts';
import { DEAD_LETTERS, INTAKE_QUEUE } from './settings.ts';
import { SOURCE_KINDS } from './source-kinds.ts';

/** The options of the kind `eventbridge`, which its file has checked (functions/events/sources/eventbridge.ts). */
const Bus = z.object({ eventSource: z.string(), bus: z.string().default('default') });

/**
 * The queue of a source on AWS, and the queue of its dead letters. A principal of the account needs `sqs:SendMessage` of IAM
 * to send; the queue's policy allows the source's own rule of EventBridge, if it has one, and no principal of any account.
 */
export class SourceQueue extends Construct {
  readonly source: Source;
  readonly queue: Queue;
  readonly dead: Queue;

  constructor(scope: Construct, id: string, { source, ...storage }: StorageProps & { source: Source }) {
    super(scope, id);
    this.source = source;
    this.dead = new Queue(this, 'Dead', {
      ...queueProps(storage),
      retentionPeriod: Duration.seconds(DEAD_LETTERS.retentionS),
    });
    acknowledgeNoRedrive(this.dead);
    this.queue = new Queue(this, 'Queue', {
      ...queueProps(storage),
      retentionPeriod: Duration.seconds(INTAKE_QUEUE.retentionS),
      visibilityTimeout: Duration.seconds(INTAKE_QUEUE.visibilityS),
      deadLetterQueue: { queue: this.dead, maxReceiveCount: INTAKE_QUEUE.maxReceiveCount },
    });
    if (source.kind !== 'sqs') this.#fromBus(storage);
  }

  /** The events that the rule sends. CloudTrail's come on the default bus. */
  #events(): RuleProps {
    const { kind, options } = this.source;
    if (kind === 'cognito') {
      const detail = { eventName: Object.keys(SOURCE_KINDS.get(kind)?.effects ?? {}) };
      return { eventPattern: { source: ['aws.cognito-idp'], detailType: ['AWS API Call via CloudTrail'], detail } };
    }
    const { eventSource, bus } = Bus.parse(options);
    return {
      eventBus: EventBus.fromEventBusName(this, 'Bus', bus),
      eventPattern: { source: [eventSource], detailType: Match.anyOf(Match.prefix('user.'), Match.prefix('device.')) },
    };
  }

  /** Events that cannot be delivered for a day go to the dead letters too. */
  #fromBus({ key }: StorageProps): void {
    const rule = new Rule(this, 'Rule', {
      ...this.#events(),
      targets: [{ bind: () => ({ arn: this.queue.queueArn, deadLetterConfig: { arn: this.dead.queueArn } }) }],
    });
    key?.allowRules();
    for (const queue of [this.queue, this.dead])
      queue.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          resources: [queue.queueArn],
          actions: ['sqs:SendMessage'],
          conditions: { ArnEquals: { 'aws:SourceArn': rule.ruleArn } },
        }),
      );
  }
}

type IntakeProps = StorageProps & {
  configuration: Configuration;
  variables: { OPERATIONS_QUEUE_URL: string; REGISTRY_TABLE: string };
  operations: OperationsQueue;
  table: Pick<ITable, 'tableArn'>;
};

/** The queues of sources, and the function that accepts what is on them. */
export type Intake = { readonly queues: readonly SourceQueue[]; readonly door: DoorFunction };

/** Returns undefined if no source sends through a queue. */
export function intakeOf(
  scope: Construct,
  { configuration, variables, operations, table, ...storage }: IntakeProps,
): Intake | undefined {
  const sources = configuration.sources.filter(isQueued);
  if (sources.length === 0) return undefined;
  const queues = sources.map((source) => new SourceQueue(scope, `Source ${source.id}`, { ...storage, source }));
  const urls = queues.map(({ source, queue, dead }) => [source.id, { queue: queue.queueUrl, dead: dead.queueUrl }]);
  const environment = {
    ...variables,
    BINDERY_CONFIG: configurationFor('intake', configuration),
    SOURCE_QUEUES: Stack.of(scope).toJsonString(Object.fromEntries(urls)),
  } satisfies VariablesOf<typeof IntakeEnvironment>;
  const [receiving, parking] = (['queue', 'dead'] as const).map((name) => queues.map((one) => one[name].queueArn));
  const reads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
  const permissions = [
    allow(receiving ?? [], ...RECEIVE_ACTIONS),
    allow([operations.queue.queueArn, ...(parking ?? [])], 'sqs:SendMessage'),
    allow(table.tableArn, ...reads, 'dynamodb:UpdateItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'),
  ];
  const door = new DoorFunction(scope, 'intake', { ...storage, environment, permissions });
  for (const one of queues) feed(one, one.queue, door, INTAKE_QUEUE.feed);
  return { queues, door };
}
