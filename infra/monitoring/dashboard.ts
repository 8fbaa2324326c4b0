import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  type Metric,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { Mirror } from '../mirror.ts';
import type { Alarms, Watched } from './alarms.ts';
import type { MirrorMetrics } from './metrics.ts';

type Shown = Watched & { readonly table: Pick<ITable, 'metric'>; readonly alarms: Alarms };

const WIDTH = 24;
const HEIGHT = 6;

/** Three questions from top to bottom: is it safe, is it keeping up, what does it cost. And a row for each mirror. */
export class BinderyDashboard extends Dashboard {
  constructor(scope: Construct, id: string, shown: Shown) {
    super(scope, id, {
      widgets: [
        heading('Is it safe?'),
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...shown.alarms.all], width: WIDTH, height: 3 })],
        row(safe(shown)),
        heading('Is it keeping up?'),
        row(queueing(shown)),
        row(accepting(shown)),
        ...mirrorGraphs(shown).flatMap(({ title, graphs }) => [heading(title), row(graphs)]),
        heading('What does it cost?'),
        row(costs(shown)),
      ],
    });
  }
}

const heading = (text: string): IWidget[] => [new TextWidget({ markdown: `## ${text}`, width: WIDTH, height: 1 })];

const row = (graphs: Graph[]): IWidget[] =>
  graphs.map((graph) => new GraphWidget({ ...graph, width: WIDTH / graphs.length, height: HEIGHT }));

const safe = ({ operations, front, log }: Watched): Graph[] => [
  {
    title: 'Parked operations',
    left: [operations.parked.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM })],
  },
  { title: 'Refused, by reason', left: [new MathExpression({ expression: log.refusedByReason, label: '' })] },
  { title: 'Answered 5xx, and bugs', left: [front.failures, log.bugs] },
];

const queueing = ({ operations, log }: Watched): Graph[] => [
  {
    title: 'Oldest operation on the queue (s)',
    left: [operations.queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM })],
  },
  { title: 'Time on the queue (ms)', left: percentiles(log.queuedMs) },
  { title: 'Messages done', left: [operations.queue.metricNumberOfMessagesDeleted({ label: 'done' })] },
];

const accepting = ({ front, log }: Watched): Graph[] => [
  { title: 'Requests, accepted; superseded', left: [front.requests, log.accepted], right: [log.superseded] },
  {
    title: 'Request to effect (ms), and requests left to the queue',
    left: percentiles(log.effectMs),
    right: [log.durable],
  },
  { title: 'Event to effect (ms)', left: percentiles(log.eventToEffectMs) },
];

const costs = ({ doors, apply, workers, sweep, operations, table }: Shown): Graph[] => {
  const functions = Object.entries({ ...doors, apply, ...workers, sweep });
  return [
    {
      title: 'Invocations',
      left: functions.map(([label, door]) => door.metricInvocations({ label, statistic: Stats.SUM })),
    },
    {
      title: 'Duration, all together (ms)',
      left: functions.map(([label, door]) => door.metricDuration({ label, statistic: Stats.SUM })),
    },
    {
      title: 'Read and write units',
      left: ['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'].map((name) =>
        table.metric(name, { statistic: Stats.SUM }),
      ),
    },
    {
      title: 'SQS: sent, received, deleted, polled in vain',
      left: [
        operations.queue.metricNumberOfMessagesSent(),
        operations.queue.metricNumberOfMessagesReceived(),
        operations.queue.metricNumberOfMessagesDeleted(),
        operations.queue.metricNumberOfEmptyReceives(),
      ],
    },
  ];
};

/** One graph of the dashboard. */
type Graph = { readonly title: string; readonly left: IMetric[]; readonly right?: IMetric[] };

/** The middle of a metric and its tail, named. */
const percentiles = (metric: Metric, name = ''): IMetric[] =>
  [50, 99].map((percentile) => metric.with({ statistic: Stats.p(percentile), label: `${name} p${percentile}`.trim() }));

type MirrorWidgets = { readonly mirrors: readonly Mirror[]; readonly mirrored: MirrorMetrics | undefined };

/** A row for each mirror: how late, how long exposed, how far apart, what the hosted side says, what waits. */
const mirrorGraphs = ({ mirrors, mirrored }: MirrorWidgets): { title: string; graphs: Graph[] }[] =>
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
