import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Mirror } from '../mirror.ts';
import { type AlarmDefinition, MAXIMUM, ONE_OF_THREE } from './alarms.ts';
import { total } from './metrics.ts';
import type { MirrorMetrics } from './mirror-metrics.ts';
import { THRESHOLDS } from './thresholds.ts';

/** The alarms of one mirror. */
export const mirrorAlarms = (mirror: Mirror, metrics: MirrorMetrics): AlarmDefinition[] =>
  [...hostedApiAlarms(mirror, metrics), ...checkAlarms(mirror, metrics), ...queueAlarms(mirror)].map((definition) => ({
    ...definition,
    owner: { kind: 'Mirror', id: mirror.app.id },
  }));

const hostedApiAlarms = ({ app }: Mirror, metrics: MirrorMetrics): AlarmDefinition[] => [
  {
    title: 'Mirror stopped',
    meaning: 'The hosted API refuses the credential, or its app is closed. No token is pushed until that is repaired.',
    firstStep: 'read the reason in the line mirror.breaker, and put the right secret.',
    // While a mirror is stopped, it calls the hosted API every 5 to 10 minutes: a shorter period would miss calls.
    metric: metrics.stopped(app.id).with({ period: Duration.minutes(15) }),
    threshold: THRESHOLDS.single,
  },
  {
    title: 'Dropped tokens',
    meaning: `The hosted API rejected ${THRESHOLDS.droppedAtLeast} tokens in an hour. It keeps their old state until they change again.`,
    firstStep: 'read the reasons in the lines mirror.dropped.',
    metric: metrics.dropped(app.id).with({ period: Duration.hours(1) }),
    threshold: THRESHOLDS.droppedAtLeast,
  },
];

const checkAlarms = ({ app }: Mirror, metrics: MirrorMetrics): AlarmDefinition[] => [
  {
    title: 'Drift in a mirror',
    meaning:
      'A token that was equal in the hosted API differs without a push: another client writes to it, or calls take effect later than settleS.',
    firstStep: 'find out which other client writes to the hosted app, the SDK on the phones included.',
    metric: total({ again: metrics.different(app.id, 'again'), sweep: metrics.different(app.id, 'sweep') }),
    threshold: THRESHOLDS.single,
    ...ONE_OF_THREE,
  },
  {
    title: 'Failing verifications',
    meaning: `${THRESHOLDS.differentPercent} % of pushed tokens differ when the hosted API is queried. Each one is pushed again.`,
    firstStep: 'raise settleS if the hosted API has become slow; otherwise find out whether it loses calls.',
    metric: new MathExpression({
      label: 'found different, %',
      expression: `IF(FILL(different, 0) >= ${THRESHOLDS.differentAtLeast}, 100 * FILL(different, 0) / (FILL(different, 0) + FILL(converged, 0)), 0)`,
      usingMetrics: { different: metrics.different(app.id, 'push'), converged: metrics.converged(app.id) },
    }),
    threshold: THRESHOLDS.differentPercent,
    badPeriods: 2,
    ofPeriods: 3,
  },
];

const queueAlarms = ({ marks, checks }: Mirror): AlarmDefinition[] => [
  {
    title: 'Mirror behind',
    meaning: `A change has waited ${THRESHOLDS.behindS} s for the hosted API: a device may still get messages of an account that signed out.`,
    firstStep: 'read the answers in the lines mirror.called, and see whether the secret of the hosted API has a value.',
    metric: marks.queue.metricApproximateAgeOfOldestMessage(MAXIMUM),
    threshold: THRESHOLDS.behindS,
    badPeriods: 3,
  },
  {
    title: 'Checks not received',
    meaning: `A check waits for ${THRESHOLDS.oldestCheckS} s, and no worker received it more than twice: pushed tokens are not verified.`,
    firstStep: 'see on the dashboard whether verify runs, is throttled or does not keep up.',
    metric: checks.queue.metricApproximateAgeOfOldestMessage(MAXIMUM),
    threshold: THRESHOLDS.oldestCheckS,
    badPeriods: 3,
  },
  {
    title: 'Dead letters of a mirror',
    meaning: 'Messages failed a thousand times, or cannot be read. The next sweep checks their tokens too.',
    firstStep: 'repair the error in the log of mirror or verify, and redrive.',
    metric: total({
      marks: marks.dead.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
      checks: checks.dead.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
    }),
    threshold: THRESHOLDS.single,
    ...ONE_OF_THREE,
  },
];
