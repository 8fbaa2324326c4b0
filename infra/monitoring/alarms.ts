import { Duration, Stack, Validations } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { EncryptionKey } from '../encryption.ts';
import { type Front, type HttpDoors, metricsOf } from '../front.ts';
import type { DoorFunction } from '../function.ts';
import type { MirrorFunctions } from '../mirror.ts';
import type { OperationsQueue } from '../queue.ts';
import { type LogMetrics, percent, total } from './metrics.ts';
import { THRESHOLDS } from './thresholds.ts';

export type AlarmDefinition = {
  /** Also the heading of its section in docs/operations/alarms.md. Its construct has this id: a new title is a new alarm. */
  readonly title: string;
  readonly meaning: string;
  /** The first thing that an operator does. */
  readonly firstStep: string;
  readonly metric: IMetric;
  /** From this value a period counts as bad. */
  readonly threshold: number;
  /** The alarm goes off after so many bad periods. Default: 1. */
  readonly badPeriods?: number;
  /** So many of the last periods are looked at. Default: the number of bad periods. */
  readonly ofPeriods?: number;
  /** The app whose mirror, or the source whose queue, the alarm is about. Default: none. */
  readonly owner?: { readonly kind: 'Mirror' | 'Source'; readonly id: string };
};

/** The alarms. Without an e-mail address they are on the console and the dashboard only. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, definitions: readonly AlarmDefinition[]) {
    super(scope, id);
    this.all = definitions.map((definition) => this.#alarm(definition));
  }

  /** Adds an action of the CDK, a pager or a chat for example, for when an alarm goes off and when it is over. */
  notify(action: IAlarmAction): void {
    for (const alarm of this.all) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }

  /** Sends mails to the address. AWS first sends it a link to confirm. */
  mail(address: string, key: EncryptionKey | undefined): void {
    key?.allowAlarms();
    const topic = new Topic(this, 'Topic', {
      displayName: 'Bindery',
      enforceSSL: true,
      ...(key && { masterKey: key }),
    });
    // `enforceSSL` replaces the default policy, which allowed the alarms of this account to publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [topic.topicArn],
        actions: ['sns:Publish'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    topic.addSubscription(new EmailSubscription(address));
    Validations.of(topic).acknowledge({
      id: 'Serverless-SNSRedrivePolicy',
      reason: "An undelivered mail is not needed later: CloudWatch keeps the alarm's state and history.",
    });
    this.notify(new SnsAction(topic));
  }

  #alarm(definition: AlarmDefinition): Alarm {
    const { title, meaning, firstStep, metric, threshold, owner } = definition;
    const { badPeriods = 1, ofPeriods = badPeriods } = definition;
    const place = owner === undefined ? '' : `${owner.kind} ${owner.kind === 'Mirror' ? 'of ' : ''}${owner.id}: `;
    return new Alarm(this, owner === undefined ? title : `${title} (${owner.id})`, {
      alarmDescription: `${place}${meaning} First: ${firstStep} docs/operations/alarms.md#${title.toLowerCase().replaceAll(' ', '-')}`,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: badPeriods,
      evaluationPeriods: ofPeriods,
      // All metrics count failures, and AWS sends no values without traffic: a quiet night raises no alarm.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

/** The parts of the service that alarms measure. */
export type AlarmSources = {
  readonly operations: OperationsQueue;
  readonly doors: HttpDoors;
  readonly apply: DoorFunction;
  /** Undefined if no source sends through a queue. */
  readonly intake: DoorFunction | undefined;
  readonly sweep: DoorFunction;
  readonly front: Front;
  readonly log: LogMetrics;
  /** Undefined if no app has a mirror. */
  readonly workers: MirrorFunctions | undefined;
};

const SUM = { statistic: Stats.SUM };
export const MAXIMUM = { statistic: Stats.MAXIMUM, period: Duration.minutes(1) };
const MOST_OF_THREE = { badPeriods: 2, ofPeriods: 3 };
/** For sums with FILL, which has 0 for a value that comes late: the next evaluations look at that period again. */
export const ONE_OF_THREE = { badPeriods: 1, ofPeriods: 3 };

/** The alarms of everything but mirrors (infra/monitoring/mirror-alarms.ts). */
export const serviceAlarms = (sources: AlarmSources): AlarmDefinition[] => [
  ...queueAlarms(sources),
  ...requestAlarms(sources),
  ...timeAlarms(sources),
  ...functionAlarms(sources),
];

const queueAlarms = ({ operations, log }: AlarmSources): AlarmDefinition[] => [
  {
    title: 'Parked operations',
    meaning:
      'An accepted operation could not be applied and is not tried again: an account may be bound to the wrong device.',
    firstStep: 'run npx bindery dlq list to see what is parked and why.',
    metric: operations.parked.metricApproximateNumberOfMessagesVisible(MAXIMUM),
    threshold: THRESHOLDS.single,
  },
  {
    title: 'Failing operations',
    meaning: `An operation failed again ${THRESHOLDS.failingS} s after it was accepted. It is tried for about 40 hours, and then parked.`,
    firstStep: 'read the reason in the log of apply: a failing table, or a message that this version cannot read.',
    metric: log.failingMs.with({ statistic: Stats.MAXIMUM }),
    threshold: THRESHOLDS.failingS * 1000,
    // A failing message is tried every five minutes at most: a period of its own may have no value.
    ...ONE_OF_THREE,
  },
  {
    title: 'Operations not received',
    meaning: `An operation waits on the queue for ${THRESHOLDS.oldestS} s, and no worker received it more than twice. Requests answered 202 are not applied yet.`,
    firstStep: 'see on the dashboard whether apply runs, is throttled or does not keep up.',
    metric: operations.queue.metricApproximateAgeOfOldestMessage(MAXIMUM),
    threshold: THRESHOLDS.oldestS,
    badPeriods: 3,
  },
];

const requestAlarms = ({ doors, front, log }: AlarmSources): AlarmDefinition[] => [
  {
    title: 'Requests answered with errors',
    meaning: `${THRESHOLDS.failuresPercent} % of requests are answered 5xx. They were not accepted; senders must send them again.`,
    firstStep: `filter the logs of ${Object.keys(doors).length === 2 ? 'both' : 'all'} HTTP functions by the outcome unavailable and read the reason.`,
    metric: percent(front.failures, front.requests),
    threshold: THRESHOLDS.failuresPercent,
    ...MOST_OF_THREE,
  },
  {
    title: 'Effect later than a second',
    meaning: `${THRESHOLDS.latePercent} % of accepted requests were not applied within a second: queries show logins and logouts late.`,
    firstStep: "look at the table's throttles and errors; the operations are safe on the queue.",
    metric: new MathExpression({
      label: 'not in effect within the second, %',
      expression: '100 * FILL(durable, 0) / (FILL(durable, 0) + FILL(applied, 0))',
      usingMetrics: { durable: log.durable, applied: log.effectMs.with({ statistic: Stats.SAMPLE_COUNT }) },
    }),
    threshold: THRESHOLDS.latePercent,
    ...MOST_OF_THREE,
  },
  {
    title: 'Refused signatures',
    meaning: `${THRESHOLDS.refusedPercent} % of requests are not signed or not authenticated: a sender has a wrong secret, or this is an attack.`,
    firstStep: 'ask whether a secret was rotated; compare the secret of the sender with AWSCURRENT.',
    metric: new MathExpression({
      label: 'unauthenticated, %',
      expression: `IF(refused >= ${THRESHOLDS.refusedAtLeast}, 100 * refused / requests, 0)`,
      usingMetrics: { refused: log.unauthenticated, requests: front.requests },
    }),
    threshold: THRESHOLDS.refusedPercent,
    ...MOST_OF_THREE,
  },
  {
    title: 'Unusable secrets',
    meaning: 'The value of a secret is not a valid key. When the previous value is gone, its owner is refused.',
    firstStep: 'read credential and version in the log line secret.unusable, and put a valid value.',
    metric: log.unusableSecrets,
    threshold: THRESHOLDS.single,
  },
];

const timeAlarms = ({ log }: AlarmSources): AlarmDefinition[] => [
  {
    title: 'Events in effect late',
    meaning: `One event in a hundred is applied ${THRESHOLDS.eventToEffectS} s or more after it happened: until then queries show the old state.`,
    firstStep:
      'compare with request to effect on the dashboard: if that is short, the sender is late or its clock is wrong.',
    metric: log.eventToEffectMs.with({ statistic: Stats.p(99) }),
    threshold: THRESHOLDS.eventToEffectS * 1000,
    ...MOST_OF_THREE,
  },
  {
    title: 'Clocks disagree',
    meaning: `${THRESHOLDS.supersededRemovals} removals in an hour left a later bind standing: an account may be bound that was signed out.`,
    firstStep:
      'read event_age_ms in the lines with superseded_removals: large ages are late events, small ones are clocks.',
    metric: log.supersededRemovals.with({ period: Duration.hours(1) }),
    threshold: THRESHOLDS.supersededRemovals,
  },
];

const functionAlarms = ({ doors, apply, intake, sweep, workers, log }: AlarmSources): AlarmDefinition[] => [
  {
    title: 'Function errors',
    meaning:
      'A function crashed, timed out or hit a bug. No operation is lost: callers got an error, messages stay queued.',
    firstStep: 'find the line bug or the runtime error in the logs; if it began with a deployment, roll back.',
    metric: total({
      ...metricsOf(doors, (door) => door.metricErrors(SUM)),
      apply: apply.metricErrors(SUM),
      sweep: sweep.metricErrors(SUM),
      ...(intake && { intake: intake.metricErrors(SUM) }),
      ...(workers && { mirror: workers.mirror.metricErrors(SUM), verify: workers.verify.metricErrors(SUM) }),
      bugs: log.bugs,
    }),
    threshold: THRESHOLDS.single,
    ...ONE_OF_THREE,
  },
  {
    title: 'Throttled requests',
    meaning: 'Lambda or the HTTP API rejects requests. Senders and the queue try again; operations are applied late.',
    firstStep: "compare concurrent executions with the account's limit, and requests with the throttle.",
    metric: total({
      ...metricsOf(doors, (door) => door.metricThrottles(SUM)),
      apply: apply.metricThrottles(SUM),
      ...(intake && { intake: intake.metricThrottles(SUM) }),
      ...(workers && { mirror: workers.mirror.metricThrottles(SUM), verify: workers.verify.metricThrottles(SUM) }),
      ...(log.throttled && { gateway: log.throttled }),
    }),
    threshold: THRESHOLDS.throttled,
    ...MOST_OF_THREE,
  },
];
