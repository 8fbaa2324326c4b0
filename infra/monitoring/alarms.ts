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
import type { DoorFunction } from '../function.ts';
import type { Front, HttpDoors } from '../http-api.ts';
import type { Mirror, MirrorFunctions } from '../mirror.ts';
import type { OperationsQueue } from '../queue.ts';
import { ALARMS } from '../settings.ts';
import type { LogMetrics, MirrorMetrics } from './metrics.ts';
import { watchesOfMirrors } from './mirror-alarms.ts';

/** Tells what is wrong, what it means and what to do first. Without an address alarms are seen on the console only. */
export class Alarms extends Construct {
  readonly #alarms: Alarm[];

  constructor(scope: Construct, id: string, watched: Watched) {
    super(scope, id);
    this.#alarms = [...watchesOf(watched), ...watchesOfMirrors(watched)].map((watch) => this.#alarm(watch));
  }

  get all(): readonly Alarm[] {
    return this.#alarms;
  }

  /** For a pager or a chat: whichever action of the CDK, when an alarm goes off and when it is over. */
  notify(action: IAlarmAction): void {
    for (const alarm of this.#alarms) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }

  /** AWS asks the address for a confirmation first. */
  mail(address: string, key: EncryptionKey | undefined): void {
    key?.letAlarmsUseIt();
    const topic = new Topic(this, 'Topic', {
      displayName: 'Bindery',
      enforceSSL: true,
      ...(key && { masterKey: key }),
    });
    // The policy that enforces TLS replaces the one that let this account's alarms in.
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
      reason: "A mail that was not delivered is old news: CloudWatch keeps the alarm's state and its history.",
    });
    this.notify(new SnsAction(topic));
  }

  #alarm({ title, means, first, metric, from, in: points = 1, of = points, mirror }: Watch): Alarm {
    const whose = mirror === undefined ? '' : `Mirror of ${mirror}: `;
    return new Alarm(this, mirror === undefined ? title : `${title} (${mirror})`, {
      alarmDescription: `${whose}${means} First: ${first} docs/operations.md#${title.toLowerCase().replaceAll(' ', '-')}`,
      metric,
      threshold: from,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: points,
      evaluationPeriods: of,
      // All of these measure trouble, and AWS sends no values while nothing happens: a quiet night is not an incident.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

export type Watched = {
  readonly operations: OperationsQueue;
  readonly doors: HttpDoors;
  readonly apply: DoorFunction;
  readonly sweep: DoorFunction;
  readonly front: Front;
  readonly log: LogMetrics;
  readonly mirrors: readonly Mirror[];
  /** There where any app has a mirror. */
  readonly workers: MirrorFunctions | undefined;
  readonly mirrored: MirrorMetrics | undefined;
};

/** One alarm: its title is also that of its section in docs/operations.md. */
export type Watch = {
  readonly title: string;
  readonly means: string;
  readonly first: string;
  readonly metric: IMetric;
  /** It goes off at this value or above, in so many of the last `of` periods. */
  readonly from: number;
  readonly in?: number;
  readonly of?: number;
  /** The app whose mirror it is about: there is one such alarm for each. */
  readonly mirror?: string;
};

const SUM = { statistic: Stats.SUM };
export const MAXIMUM = { statistic: Stats.MAXIMUM, period: Duration.minutes(1) };

/** Everything that somebody is told of. */
const watchesOf = (watched: Watched): Watch[] => [
  ...ofTheQueue(watched),
  ...ofTheDoors(watched),
  ...ofTheFunctions(watched),
];

const ofTheQueue = ({ operations, log }: Watched): Watch[] => [
  {
    title: 'Parked operations',
    means:
      'An operation that was accepted is not in effect and nothing will try it again: somebody may be bound wrongly.',
    first: 'npm run dlq -- list shows what is parked and why.',
    metric: operations.parked.metricApproximateNumberOfMessagesVisible(MAXIMUM),
    from: 1,
  },
  {
    title: 'Late operations',
    means: `The oldest operation on the queue is ${ALARMS.oldestS} s old. Requests answered 202 are not in effect yet.`,
    first: 'see on the dashboard whether apply runs, fails or is throttled.',
    metric: operations.queue.metricApproximateAgeOfOldestMessage(MAXIMUM),
    from: ALARMS.oldestS,
    in: 3,
  },
  {
    title: 'Failing operations',
    means: 'A message has used up half of its tries. It is parked when they are used up.',
    first: "read the reason in the log of apply: the table's, or a message that this version cannot read.",
    metric: log.failing,
    from: 1,
  },
];

const ofTheDoors = ({ front, log }: Watched): Watch[] => [
  {
    title: 'Requests answered with errors',
    means: `${ALARMS.failuresPercent} % of requests are answered 5xx. Nothing was accepted; senders must send again.`,
    first: 'filter the logs of both HTTP functions by the outcome unavailable and read the reason.',
    metric: percent(front.failures, front.requests),
    from: ALARMS.failuresPercent,
    in: 2,
    of: 3,
  },
  {
    title: 'Effect later than a second',
    means: `${ALARMS.latePercent} % of accepted requests were not in effect within the second: logins and logouts lag.`,
    first: "look at the table's throttles and errors; the operations are safe on the queue.",
    metric: new MathExpression({
      label: 'not in effect within the second, %',
      expression: '100 * FILL(durable, 0) / (FILL(durable, 0) + FILL(applied, 0))',
      usingMetrics: { durable: log.durable, applied: log.effectMs.with({ statistic: Stats.SAMPLE_COUNT }) },
    }),
    from: ALARMS.latePercent,
    in: 2,
    of: 3,
  },
  {
    title: 'Events in effect late',
    means: `One event in a hundred takes effect ${ALARMS.eventToEffectS} s or more after it happened: until then an older state holds.`,
    first: 'compare with request to effect on the dashboard: if that is short, the sender is late or its clock is.',
    metric: log.eventToEffectMs.with({ statistic: Stats.p(99) }),
    from: ALARMS.eventToEffectS * 1000,
    in: 2,
    of: 3,
  },
  {
    title: 'Refused signatures',
    means: `${ALARMS.refusedPercent} % of requests are not signed or not authenticated: a wrong secret, or somebody is trying.`,
    first: 'ask whether a secret was rotated; compare sender and AWSCURRENT.',
    metric: new MathExpression({
      label: 'unauthenticated, %',
      expression: `IF(refused >= ${ALARMS.refusedAtLeast}, 100 * refused / requests, 0)`,
      usingMetrics: { refused: log.unauthenticated, requests: front.requests },
    }),
    from: ALARMS.refusedPercent,
    in: 2,
    of: 3,
  },
  {
    title: 'Unusable secrets',
    means: 'A secret holds a value that cannot be a key, so its owner is shut out once the previous value is gone.',
    first: 'read credential and version in the log line secret.unusable, and put a right value.',
    metric: log.unusableSecrets,
    from: 1,
  },
];

const ofTheFunctions = ({ doors, apply, sweep, workers, log }: Watched): Watch[] => [
  {
    title: 'Function errors',
    means: 'A function crashed, ran out of time, or met a bug. Nothing is lost: callers were told, messages stay.',
    first: 'find the line bug or the runtime error in the logs; if it began with a deployment, roll back.',
    metric: total({
      events: doors.events.metricErrors(SUM),
      accountApi: doors['account-api'].metricErrors(SUM),
      apply: apply.metricErrors(SUM),
      sweep: sweep.metricErrors(SUM),
      ...(workers && { mirror: workers.mirror.metricErrors(SUM), verify: workers.verify.metricErrors(SUM) }),
      bugs: log.bugs,
    }),
    from: 1,
  },
  {
    title: 'Throttled requests',
    means: 'Lambda or the HTTP API turns work away. Senders and the queue try again; effects are late.',
    first: "compare concurrent executions with the account's limit, and requests with the throttle.",
    metric: total({
      events: doors.events.metricThrottles(SUM),
      accountApi: doors['account-api'].metricThrottles(SUM),
      apply: apply.metricThrottles(SUM),
      ...(workers && { mirror: workers.mirror.metricThrottles(SUM), verify: workers.verify.metricThrottles(SUM) }),
      ...(log.turnedAway && { gateway: log.turnedAway }),
    }),
    from: ALARMS.throttled,
    in: 2,
    of: 3,
  },
];

/** A metric without values in a period would make the whole sum have none. */
export const total = (usingMetrics: Record<string, IMetric>): IMetric =>
  new MathExpression({
    label: 'all together',
    expression: Object.keys(usingMetrics)
      .map((name) => `FILL(${name}, 0)`)
      .join(' + '),
    usingMetrics,
  });

const percent = (part: IMetric, whole: IMetric): IMetric =>
  new MathExpression({
    label: 'share, %',
    expression: 'IF(whole > 0, 100 * FILL(part, 0) / whole, 0)',
    usingMetrics: { part, whole },
  });
