import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Mirror } from '../mirror.ts';
import { ALARMS } from '../settings.ts';
import { MAXIMUM, total, type Watch } from './alarms.ts';
import type { MirrorMetrics } from './metrics.ts';

type Watched = { readonly mirrors: readonly Mirror[]; readonly mirrored: MirrorMetrics | undefined };

/** What somebody is told of each mirror. */
export const watchesOfMirrors = ({ mirrors, mirrored }: Watched): Watch[] =>
  mirrored === undefined
    ? []
    : mirrors.flatMap((mirror) =>
        [...ofTheHostedSide(mirror, mirrored), ...ofTheComparison(mirror, mirrored), ...ofTheQueues(mirror)].map(
          (watch) => ({ ...watch, mirror: mirror.app.id }),
        ),
      );

const ofTheHostedSide = ({ app }: Mirror, mirrored: MirrorMetrics): Watch[] => [
  {
    title: 'Mirror stopped',
    means:
      'The hosted side refuses the credential, or the app there is closed. Nothing is made equal until that is over.',
    first: 'read the reason in the line mirror.breaker, and put the right secret.',
    // While it is stopped it is tried every 5 to 10 minutes.
    metric: mirrored.stopped(app.id).with({ period: Duration.minutes(15) }),
    from: 1,
  },
  {
    title: 'Dropped tokens',
    means: `The hosted side did not take ${ALARMS.droppedAtLeast} tokens in an hour. They stay as they are there until they change again.`,
    first: 'read the reasons in the lines mirror.dropped.',
    metric: mirrored.dropped(app.id).with({ period: Duration.hours(1) }),
    from: ALARMS.droppedAtLeast,
  },
];

const ofTheComparison = ({ app }: Mirror, mirrored: MirrorMetrics): Watch[] => [
  {
    title: 'Drift in a mirror',
    means:
      'What was equal has become different without us: somebody else writes there, or its calls take longer than is assumed.',
    first: 'ask who else writes to the hosted app, the SDK on the phones included.',
    metric: total({ again: mirrored.different(app.id, 'again'), sweep: mirrored.different(app.id, 'sweep') }),
    from: 1,
  },
  {
    title: 'Failing verifications',
    means: `${ALARMS.differentPercent} % of what was told to the hosted side is not there when it is asked. It is told again each time.`,
    first: 'raise settleS if the hosted side has become slow; otherwise look whether it loses calls.',
    metric: new MathExpression({
      label: 'found different, %',
      expression: `IF(FILL(different, 0) >= ${ALARMS.differentAtLeast}, 100 * FILL(different, 0) / (FILL(different, 0) + FILL(converged, 0)), 0)`,
      usingMetrics: { different: mirrored.different(app.id, 'push'), converged: mirrored.converged(app.id) },
    }),
    from: ALARMS.differentPercent,
    in: 2,
    of: 3,
  },
];

const ofTheQueues = ({ marks, checks }: Mirror): Watch[] => [
  {
    title: 'Mirror behind',
    means: `A change has waited ${ALARMS.behindS} s for the hosted side: somebody may still get messages there that are not theirs.`,
    first: 'see in the lines mirror.called what the hosted side answers, and whether its secret was ever put.',
    metric: marks.queue.metricApproximateAgeOfOldestMessage(MAXIMUM),
    from: ALARMS.behindS,
    in: 3,
  },
  {
    title: 'Dead letters of a mirror',
    means:
      'Tokens were given up after a thousand tries, or a message could not be read. The next sweep looks at them too.',
    first: 'mend what the log of mirror or verify says, and redrive.',
    metric: total({
      marks: marks.dead.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
      checks: checks.dead.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
    }),
    from: 1,
  },
];
