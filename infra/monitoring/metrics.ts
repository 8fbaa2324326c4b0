import { type IMetric, MathExpression, Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, type JsonPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { HttpDoors } from '../front.ts';
import type { DoorFunction } from '../function.ts';
import type { MirrorFunctions } from '../mirror.ts';

/** Matches lines by name. Lambda's JSON log format puts the object that a function logs under `message`. */
export const line = (message: string): JsonPattern => FilterPattern.stringValue('$.message.message', '=', message);
const withOutcome = (of: JsonPattern, outcome: string): JsonPattern =>
  FilterPattern.all(of, FilterPattern.stringValue('$.message.outcome', '=', outcome));
const REQUEST = line('request');

const retriedBy = (worker: 'apply' | 'intake'): JsonPattern =>
  FilterPattern.all(line(worker), FilterPattern.stringValue('$.message.outcome', '!=', 'done'));

/** Selects the requests whose field is 1 or more, and its value. */
const positive = (field: string) => ({
  lines: FilterPattern.all(REQUEST, FilterPattern.numberValue(`$.message.${field}`, '>=', 1)),
  value: `$.message.${field}`,
});

/** Fields of a line that count events without an effect, by the metric. */
const IGNORED = {
  IgnoredOtherType: '$.message.ignored_other_type',
  IgnoredNoAccount: '$.message.ignored_no_account',
  IgnoredNoSession: '$.message.ignored_no_session',
} as const;

/** The logs that metrics are made of. */
type LogSources = {
  doors: HttpDoors;
  apply: DoorFunction;
  /** Undefined if no source sends through a queue. */
  intake: DoorFunction | undefined;
  workers: MirrorFunctions | undefined;
  sweep: DoorFunction;
  accessLog: ILogGroup | undefined;
};

/** The log lines that one metric is made of. */
export type LineSelection = {
  from: readonly ILogGroup[];
  lines: JsonPattern;
  /** Selector of the value in a line. Default: count the lines. */
  value?: string;
  unit?: Unit;
  /** Fields that become dimensions: one metric for each of their values. Default: none. */
  by?: readonly string[];
};

/** Adds the filters that make a metric of log lines. Returns the metric. */
export function lineMetric(
  scope: Construct,
  metricNamespace: string,
  metricName: string,
  selection: LineSelection,
): Metric {
  const { from, lines: filterPattern, value, unit, by } = selection;
  for (const logGroup of from) {
    new MetricFilter(scope, `${metricName} in ${logGroup.node.path.split('/').at(-1)}`, {
      logGroup,
      filterPattern,
      metricNamespace,
      metricName,
      metricValue: value ?? '1',
      ...(unit && { unit }),
      ...(by && { dimensions: Object.fromEntries(by.map((name) => [name, `$.message.${name}`])) }),
    });
  }
  return new Metric({ namespace: metricNamespace, metricName, statistic: Stats.SUM });
}

/**
 * Metrics that AWS does not count, made of the functions' log lines (functions/lambda/http.ts and sqs.ts write them). The
 * namespace is the construct's path, so that the metrics of two installations in one account stay apart.
 */
export class LogMetrics extends Construct {
  /** Milliseconds from a request to its answer, one value a request whose operations are applied. */
  readonly effectMs: Metric;
  /** Milliseconds since a request's oldest event happened, one value a request whose events are applied. */
  readonly eventToEffectMs: Metric;
  /** Events, and elements of the Account API, that changed nothing because a later event was applied before. */
  readonly superseded: Metric;
  /** Requests whose operations are on the queue, but were not applied within the second of the door. */
  readonly durable: Metric;
  /** Bugs: unexpected errors. Callers get a 500, and messages stay on the queue. */
  readonly bugs: Metric;
  /** Values of secrets that are not valid keys. */
  readonly unusableSecrets: Metric;
  /** Milliseconds on the queue, one value a batch that `apply` finished: the longest. A door applied most of them before. */
  readonly queuedMs: Metric;
  /**
   * Milliseconds from acceptance to a failed try, one value a try. SQS leaves messages that were received three times out
   * of its own age, so only this shows an outage.
   */
  readonly failingMs: Metric;
  /** Removals that left a later bind standing: late or repeated events, or clocks of senders that disagree. */
  readonly supersededRemovals: Metric;
  /** Events that changed nothing, one metric for each reason. Their senders got a 200 (functions/events/source.ts). */
  readonly ignored: readonly Metric[];
  /** Seconds that the clock of a login's sender was ahead of ours, one value a login that must be sent again. */
  readonly aheadS: Metric;
  /** Requests that the gateway throttled. It answered 429, and the caller sends again. */
  readonly throttled: IMetric | undefined;

  readonly #namespace: string;

  constructor(scope: Construct, id: string, { doors, apply, intake, workers: mirrors, sweep, accessLog }: LogSources) {
    super(scope, id);
    this.#namespace = scope.node.path;
    const http = Object.values(doors).map(({ logGroup }) => logGroup);
    const workers = [apply, sweep, ...(intake ? [intake] : []), ...Object.values(mirrors ?? {})].map(
      ({ logGroup }) => logGroup,
    );
    const applied = { lines: withOutcome(REQUEST, 'applied'), value: '$.message.duration_ms', unit: Unit.MILLISECONDS };
    this.effectMs = this.#add('EffectMs', { from: http, ...applied });
    const age = { lines: withOutcome(REQUEST, 'applied'), value: '$.message.event_age_ms', unit: Unit.MILLISECONDS };
    this.eventToEffectMs = this.#add('EventToEffectMs', { from: [doors.events.logGroup], ...age });
    this.superseded = this.#add('Superseded', { from: http, ...positive('superseded') });
    this.supersededRemovals = this.#add('SupersededRemovals', { from: http, ...positive('superseded_removals') });
    this.aheadS = this.#add('AheadS', { from: [doors.events.logGroup], unit: Unit.SECONDS, ...positive('ahead_s') });
    const arriving = [doors.events.logGroup, ...(intake ? [intake.logGroup] : [])];
    this.ignored = Object.entries(IGNORED).map(([name, field]) => {
      const selection = { lines: FilterPattern.numberValue(field, '>=', 1), value: field };
      return this.#add(name, { from: arriving, ...selection });
    });
    this.durable = this.#add('Durable', { from: http, lines: withOutcome(REQUEST, 'durable') });
    this.#add('Refused', { from: http, lines: withOutcome(REQUEST, 'refused'), by: ['reason'] });
    this.bugs = this.#add('Bugs', { from: [...http, ...workers], lines: line('bug') });
    this.unusableSecrets = this.#add('UnusableSecrets', { from: http, lines: line('secret.unusable') });
    const done = { lines: withOutcome(line('apply'), 'done'), value: '$.message.waited_ms', unit: Unit.MILLISECONDS };
    this.queuedMs = this.#add('QueuedMs', { from: [apply.logGroup], ...done });
    this.failingMs = this.#add('FailingMs', { from: [apply.logGroup], ...done, lines: retriedBy('apply') });
    if (intake) this.#add('FailingMs', { from: [intake.logGroup], ...done, lines: retriedBy('intake') });
    const throttled = FilterPattern.stringValue('$.status', '=', '429');
    const turnedAway = accessLog && this.#add('TurnedAway', { from: [accessLog], lines: throttled });
    this.throttled = turnedAway && doors.devices ? this.#withoutFull(turnedAway) : turnedAway;
  }

  /** Requests that were accepted: applied, or durable on the queue. */
  get accepted(): MathExpression {
    return new MathExpression({
      label: 'accepted',
      expression: 'FILL(durable, 0) + FILL(applied, 0)',
      usingMetrics: { durable: this.durable, applied: this.effectMs.with({ statistic: Stats.SAMPLE_COUNT }) },
    });
  }

  /** Requests refused because their signature or credential does not match: one reason from each of the two doors. */
  get unauthenticated(): MathExpression {
    return new MathExpression({
      label: 'unauthenticated',
      expression: 'FILL(unsigned, 0) + FILL(unknown, 0)',
      usingMetrics: { unsigned: this.#refused('not_signed'), unknown: this.#refused('notAuthenticated') },
    });
  }

  /** An expression for graphs: refused requests by reason. The reasons are a closed set, so these are few metrics. */
  get refusedByReason(): string {
    return `SEARCH('{"${this.#namespace}",reason} MetricName="Refused"', 'Sum')`;
  }

  #refused(reason: string): Metric {
    const [namespace, dimensionsMap] = [this.#namespace, { reason }];
    return new Metric({ namespace, metricName: 'Refused', dimensionsMap, statistic: Stats.SUM });
  }

  /** The access log also has the 429 of `devices` for an account that has too many devices. */
  #withoutFull(turnedAway: Metric): MathExpression {
    return new MathExpression({
      label: 'throttled',
      expression: 'FILL(turnedAway, 0) - FILL(full, 0)',
      usingMetrics: { turnedAway, full: this.#refused('too_many_devices') },
    });
  }

  #add(metricName: string, selection: LineSelection): Metric {
    return lineMetric(this, this.#namespace, metricName, selection);
  }
}

/** Adds metrics. FILL is needed: a metric without values in a period would leave the whole sum without one. */
export const total = (usingMetrics: Record<string, IMetric>): IMetric =>
  new MathExpression({
    label: 'all together',
    expression: Object.keys(usingMetrics)
      .map((name) => `FILL(${name}, 0)`)
      .join(' + '),
    usingMetrics,
  });

/** Divides metrics, in percent. Returns 0 while `whole` is 0. */
export const percent = (part: IMetric, whole: IMetric): IMetric =>
  new MathExpression({
    label: 'share, %',
    expression: 'IF(whole > 0, 100 * FILL(part, 0) / whole, 0)',
    usingMetrics: { part, whole },
  });
