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
import type { AlarmSources, Alarms } from './alarms.ts';
import type { MirrorMetrics } from './mirror-metrics.ts';

type DashboardSources = AlarmSources & {
  readonly table: Pick<ITable, 'metric'>;
  readonly alarms: Alarms;
  readonly mirrors: readonly Mirror[];
  /** Undefined if no app has a mirror. */
  readonly mirrorMetrics: MirrorMetrics | undefined;
};

const WIDTH = 24;
const HEIGHT = 6;

/** Answers three questions from top to bottom: is it safe, is it keeping up, what does it cost. One row for each mirror. */
export class BinderyDashboard extends Dashboard {
  constructor(scope: Construct, id: string, sources: DashboardSources) {
    super(scope, id, {
      widgets: [
        heading('Is it safe?'),
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...sources.alarms.all], width: WIDTH, height: 3 })],
        row(safe(sources)),
        heading('Is it keeping up?'),
        row(queueing(sources)),
        row(accepting(sources)),
        ...deviceRows(sources),
        ...mirrorRows(sources),
        heading('What does it cost?'),
        row(costs(sources)),
      ],
    });
  }
}

const heading = (text: string): IWidget[] => [new TextWidget({ markdown: `## ${text}`, width: WIDTH, height: 1 })];

const row = (graphs: Graph[]): IWidget[] =>
  graphs.map((graph) => new GraphWidget({ ...graph, width: WIDTH / graphs.length, height: HEIGHT }));

const safe = ({ operations, front, log }: AlarmSources): Graph[] => [
  {
    title: 'Parked operations',
    left: [operations.parked.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM })],
  },
  { title: 'Refused, by reason', left: [new MathExpression({ expression: log.refusedByReason, label: '' })] },
  { title: 'Events without an effect, by reason', left: [...log.ignored] },
  { title: 'Answered 5xx, and bugs', left: [front.failures, log.bugs] },
];

const queueing = ({ operations, log }: AlarmSources): Graph[] => [
  {
    title: 'Oldest operation that is hardly received (s); failing for (ms)',
    left: [operations.queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM })],
    right: [log.failingMs.with({ statistic: Stats.MAXIMUM })],
  },
  { title: 'Time on the queue (ms)', left: percentiles(log.queuedMs) },
  {
    title: 'Messages visible and hidden; done',
    left: [
      operations.queue.metricApproximateNumberOfMessagesVisible({ label: 'visible' }),
      operations.queue.metricApproximateNumberOfMessagesNotVisible({
        label: 'hidden: in work, or waiting to be retried',
      }),
    ],
    right: [operations.queue.metricNumberOfMessagesDeleted({ label: 'done' })],
  },
];

const accepting = ({ front, log }: AlarmSources): Graph[] => [
  { title: 'Requests, accepted; superseded', left: [front.requests, log.accepted], right: [log.superseded] },
  {
    title: 'Request to effect (ms), and requests left to the queue',
    left: percentiles(log.effectMs),
    right: [log.durable],
  },
  { title: 'Event to effect (ms)', left: percentiles(log.eventToEffectMs) },
  {
    title: "Senders' clocks: superseded removals; logins ahead (s)",
    left: [log.supersededRemovals],
    right: [log.aheadS.with({ statistic: Stats.MAXIMUM })],
  },
];

/** A row for phones and senders, if there is a door for either. */
const deviceRows = ({ doors: { devices, resolve } }: DashboardSources): IWidget[][] => {
  const doors = Object.entries({ ...(devices && { devices }), ...(resolve && { resolve }) });
  if (doors.length === 0) return [];
  const sum = { statistic: Stats.SUM };
  return [
    heading('Phones and senders'),
    row([
      {
        title: 'Requests of phones and senders, and crashes',
        left: doors.map(([label, door]) => door.metricInvocations({ ...sum, label })),
        right: doors.map(([label, door]) => door.metricErrors({ ...sum, label: `${label} crashed` })),
      },
      {
        title: 'Duration at these doors (ms)',
        left: doors.flatMap(([name, door]) => percentiles(door.metricDuration(), name)),
      },
    ]),
  ];
};

const costs = ({ doors, apply, intake, workers, sweep, operations, table }: DashboardSources): Graph[] => {
  const functions = Object.entries({ ...doors, apply, ...(intake && { intake }), ...workers, sweep });
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
      title: 'SQS: sent, received, deleted, empty receives',
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

/** The median and the 99th percentile of a metric, with labels. */
const percentiles = (metric: Metric, name = ''): IMetric[] =>
  [50, 99].map((percentile) => metric.with({ statistic: Stats.p(percentile), label: `${name} p${percentile}`.trim() }));

/** A row for each mirror: delay and exposure, tokens that differ, answers of the hosted API, waiting messages. */
const mirrorRows = ({ mirrors, mirrorMetrics }: DashboardSources): IWidget[][] =>
  mirrorMetrics === undefined
    ? []
    : mirrors.flatMap((mirror) => [heading(`Mirror of ${mirror.app.id}`), row(mirrorGraphs(mirror, mirrorMetrics))]);

const mirrorGraphs = ({ app: { id }, marks, checks }: Mirror, metrics: MirrorMetrics): Graph[] => [
  {
    title: 'Change to push, change to found equal, removal to push (ms)',
    left: [
      ...percentiles(metrics.lagMs(id), 'push'),
      ...percentiles(metrics.convergedMs(id), 'equal'),
      ...percentiles(metrics.exposedMs(id), 'exposed'),
    ],
  },
  {
    title: 'Tokens found different, equal, dropped',
    left: [
      ...(['push', 'again', 'sweep'] as const).map((by) =>
        metrics.different(id, by).with({ label: `different, ${by}` }),
      ),
      metrics.converged(id).with({ label: 'equal' }),
      metrics.dropped(id).with({ label: 'dropped' }),
      metrics.untranslatable(id).with({ label: 'accounts of a type that the hosted API lacks' }),
    ],
  },
  {
    title: 'Calls by answer, and tries while stopped',
    left: [new MathExpression({ expression: metrics.callsByAnswer(id), label: '' })],
    right: [metrics.stopped(id)],
  },
  {
    title: 'Oldest mark and check (s), and dead letters',
    left: [marks, checks].map(({ queue }) => queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM })),
    right: [marks.dead, checks.dead].map((queue) =>
      queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
    ),
  },
];
