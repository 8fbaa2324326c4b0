import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { type Graph, percentiles } from './graph.ts';
import type { Mirror } from './mirror.ts';
import type { MirrorMetrics } from './mirror-metrics.ts';

type Shown = { readonly mirrors: readonly Mirror[]; readonly mirrored: MirrorMetrics | undefined };

/** A row for each mirror: how late, how long exposed, how far apart, what the hosted side says, what waits. */
export const mirrorGraphs = ({ mirrors, mirrored }: Shown): { title: string; graphs: Graph[] }[] =>
  mirrored === undefined
    ? []
    : mirrors.map((mirror) => ({ title: `Mirror of ${mirror.app.id}`, graphs: graphsOf(mirror, mirrored) }));

const graphsOf = ({ app: { id }, marks, checks }: Mirror, mirrored: MirrorMetrics): Graph[] => [
  {
    title: 'Change to call, change to found equal, removal to call (ms)',
    left: [
      ...percentiles(mirrored.lagMs(id), 'call'),
      ...percentiles(mirrored.convergedMs(id), 'equal'),
      ...percentiles(mirrored.exposedMs(id), 'exposed'),
    ],
  },
  {
    title: 'Tokens found different, equal, dropped',
    left: [
      ...(['push', 'again', 'sweep'] as const).map((by) =>
        mirrored.different(id, by).with({ label: `different, ${by}` }),
      ),
      mirrored.converged(id).with({ label: 'equal' }),
      mirrored.dropped(id).with({ label: 'dropped' }),
      mirrored.untranslatable(id).with({ label: 'accounts without a type there' }),
    ],
  },
  {
    title: 'Calls by answer, and tries while stopped',
    left: [new MathExpression({ expression: mirrored.callsByAnswer(id), label: '' })],
    right: [mirrored.stopped(id)],
  },
  {
    title: 'Oldest mark (s), and dead letters',
    left: [marks.queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM })],
    right: [marks.dead, checks.dead].map((queue) =>
      queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
    ),
  },
];
