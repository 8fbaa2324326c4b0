import { MathExpression, Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, type JsonPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DoorFunction } from '../function.ts';
import type { HttpDoors } from '../http-api.ts';
import type { MirrorFunctions } from '../mirror.ts';
import { OPERATIONS_QUEUE } from '../settings.ts';

/** Lambda's JSON log format puts the object that a function logs under `message`. */
const line = (message: string): JsonPattern => FilterPattern.stringValue('$.message.message', '=', message);
const ending = (of: JsonPattern, outcome: string): JsonPattern =>
  FilterPattern.all(of, FilterPattern.stringValue('$.message.outcome', '=', outcome));
const REQUEST = line('request');

/** A message that fails has used up half of its tries. */
const FAILING = FilterPattern.all(
  line('apply'),
  FilterPattern.stringValue('$.message.outcome', '!=', 'done'),
  FilterPattern.numberValue('$.message.receives', '>=', OPERATIONS_QUEUE.maxReceiveCount / 2),
);

const SUPERSEDED = FilterPattern.all(REQUEST, FilterPattern.numberValue('$.message.superseded', '>=', 1));

type Logged = {
  doors: HttpDoors;
  apply: DoorFunction;
  mirrors: MirrorFunctions | undefined;
  sweep: DoorFunction;
  accessLog: ILogGroup | undefined;
};

/** `value` is where a line has it; without one, lines are counted. `by` names fields: a metric for each of their values. */
export type Taken = {
  from: readonly ILogGroup[];
  lines: JsonPattern;
  value?: string;
  unit?: Unit;
  by?: readonly string[];
};

/** A metric made of log lines, in the namespace given. */
function taken(scope: Construct, metricNamespace: string, metricName: string, lines: Taken): Metric {
  const { from, lines: filterPattern, value, unit, by } = lines;
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
 * What AWS cannot count for us, taken from the functions' log lines (functions/lambda/http.ts and sqs-door.ts write
 * them). The namespace is the construct's path, so that two installations in one account do not add up.
 */
export class LogMetrics extends Construct {
  /** Milliseconds a request took to bring its operations into effect, one value a request that did. */
  readonly effectMs: Metric;
  /** Milliseconds since a request's oldest event happened, one value a request of events that are in effect. */
  readonly eventToEffectMs: Metric;
  /** Events, and elements of the Account API, that a later event had decided otherwise before they came. */
  readonly superseded: Metric;
  /** Requests whose operations are on the queue and were not in effect within the second. */
  readonly durable: Metric;
  /** Errors of our own, which callers see as 500 or as a message that stays. */
  readonly bugs: Metric;
  /** Values of secrets that cannot be used as what they are for. */
  readonly unusableSecrets: Metric;
  /** Milliseconds on the queue, one value a batch that `apply` settled: its longest. What it applied is mostly in effect already. */
  readonly queuedMs: Metric;
  /** Receives of messages that fail and have used up half of their tries. */
  readonly failing: Metric;
  /** Requests that the gateway throttled: their caller was told 429 and sends again. */
  readonly turnedAway: Metric | undefined;

  readonly #namespace: string;

  constructor(scope: Construct, id: string, { doors, apply, mirrors, sweep, accessLog }: Logged) {
    super(scope, id);
    this.#namespace = scope.node.path;
    const http = Object.values(doors).map(({ logGroup }) => logGroup);
    const workers = [apply, sweep, ...Object.values(mirrors ?? {})].map(({ logGroup }) => logGroup);
    const applied = { lines: ending(REQUEST, 'applied'), value: '$.message.duration_ms', unit: Unit.MILLISECONDS };
    this.effectMs = this.#take('EffectMs', { from: http, ...applied });
    const age = { lines: ending(REQUEST, 'applied'), value: '$.message.event_age_ms', unit: Unit.MILLISECONDS };
    this.eventToEffectMs = this.#take('EventToEffectMs', { from: [doors.events.logGroup], ...age });
    this.superseded = this.#take('Superseded', { from: http, lines: SUPERSEDED, value: '$.message.superseded' });
    this.durable = this.#take('Durable', { from: http, lines: ending(REQUEST, 'durable') });
    this.#take('Refused', { from: http, lines: ending(REQUEST, 'refused'), by: ['reason'] });
    this.bugs = this.#take('Bugs', { from: [...http, ...workers], lines: line('bug') });
    this.unusableSecrets = this.#take('UnusableSecrets', { from: http, lines: line('secret.unusable') });
    const settled = { lines: ending(line('apply'), 'done'), value: '$.message.waited_ms', unit: Unit.MILLISECONDS };
    this.queuedMs = this.#take('QueuedMs', { from: [apply.logGroup], ...settled });
    this.failing = this.#take('Failing', { from: [apply.logGroup], lines: FAILING });
    const throttled = FilterPattern.stringValue('$.status', '=', '429');
    this.turnedAway = accessLog && this.#take('TurnedAway', { from: [accessLog], lines: throttled });
  }

  /** Requests whose operations are safe: in effect, or on the queue. */
  get accepted(): MathExpression {
    return new MathExpression({
      label: 'accepted',
      expression: 'FILL(durable, 0) + FILL(applied, 0)',
      usingMetrics: { durable: this.durable, applied: this.effectMs.with({ statistic: Stats.SAMPLE_COUNT }) },
    });
  }

  /** Requests refused since their signature or their credential does not match: the reasons of the two doors. */
  get unauthenticated(): MathExpression {
    const refused = (reason: string) =>
      new Metric({
        namespace: this.#namespace,
        metricName: 'Refused',
        dimensionsMap: { reason },
        statistic: Stats.SUM,
      });
    return new MathExpression({
      label: 'unauthenticated',
      expression: 'FILL(unsigned, 0) + FILL(unknown, 0)',
      usingMetrics: { unsigned: refused('not_signed'), unknown: refused('notAuthenticated') },
    });
  }

  /** An expression for graphs: refusals by reason. The reasons are a closed set, so they are a handful of metrics. */
  get refusedByReason(): string {
    return `SEARCH('{"${this.#namespace}",reason} MetricName="Refused"', 'Sum')`;
  }

  #take(metricName: string, lines: Taken): Metric {
    return taken(this, this.#namespace, metricName, lines);
  }
}

/** Why a token was compared, as the log says it (functions/mirror/mark.ts): after a push, once more, by the sweep. */
type Cause = 'push' | 'again' | 'sweep';

const stopped: JsonPattern = FilterPattern.all(
  line('mirror.breaker'),
  FilterPattern.stringValue('$.message.state', '=', 'stopped'),
);
const exposed: JsonPattern = FilterPattern.all(
  line('mirror.converged'),
  FilterPattern.numberValue('$.message.exposed_ms', '>=', 0),
);
const MS = { unit: Unit.MILLISECONDS };

/** What mirrors say of themselves (functions/aws/mirrors.ts writes the lines), each metric by app. */
export class MirrorMetrics extends Construct {
  readonly #namespace: string;

  constructor(scope: Construct, id: string, { mirror, verify }: MirrorFunctions) {
    super(scope, id);
    this.#namespace = scope.node.path;
    const [push, check] = [{ from: [mirror.logGroup] }, { from: [verify.logGroup] }];
    const both = { from: [mirror.logGroup, verify.logGroup] };
    const converged = line('mirror.converged');
    this.#take('MirrorLagMs', { ...push, ...MS, lines: line('mirror.pushed'), value: '$.message.lag_ms' });
    this.#take('MirrorConvergedMs', { ...check, ...MS, lines: converged, value: '$.message.after_ms' });
    this.#take('MirrorExposedMs', { ...check, ...MS, lines: exposed, value: '$.message.exposed_ms' });
    this.#take('MirrorConverged', { ...check, lines: converged, value: '$.message.tokens' });
    const different = { ...check, lines: line('mirror.different'), value: '$.message.tokens' };
    this.#take('MirrorDifferent', { ...different, by: ['by'] });
    this.#take('MirrorCalls', { ...both, lines: line('mirror.called'), by: ['answer'] });
    this.#take('MirrorStopped', { ...both, lines: stopped });
    this.#take('MirrorDropped', { ...both, lines: line('mirror.dropped') });
    this.#take('MirrorUntranslatable', {
      ...both,
      lines: line('mirror.untranslatable'),
      value: '$.message.accounts',
    });
  }

  /** Milliseconds from the oldest change that a call carries to that call. */
  lagMs = (app: string): Metric => this.#metric('MirrorLagMs', { app });
  /** Milliseconds from a change to the verification that found it there. */
  convergedMs = (app: string): Metric => this.#metric('MirrorConvergedMs', { app });
  /** Milliseconds from a removal to the call that made it so. */
  exposedMs = (app: string): Metric => this.#metric('MirrorExposedMs', { app });
  /** Tokens that a verification found equal for the first time since they changed. */
  converged = (app: string): Metric => this.#metric('MirrorConverged', { app });
  /** Tokens that were found to hold something else, by why they were asked about. */
  different = (app: string, by: Cause): Metric => this.#metric('MirrorDifferent', { app, by });
  /** Tries at a hosted side that refuses the credential. */
  stopped = (app: string): Metric => this.#metric('MirrorStopped', { app });
  /** Tokens and requests that the hosted side does not take. */
  dropped = (app: string): Metric => this.#metric('MirrorDropped', { app });
  /** Accounts whose type has no counterpart there. */
  untranslatable = (app: string): Metric => this.#metric('MirrorUntranslatable', { app });

  /** An expression for graphs: calls by what came of them. */
  callsByAnswer = (app: string): string =>
    `SEARCH('{"${this.#namespace}",answer,app} MetricName="MirrorCalls" app="${app}"', 'Sum')`;

  #metric(metricName: string, dimensionsMap: Record<string, string>): Metric {
    return new Metric({ namespace: this.#namespace, metricName, dimensionsMap, statistic: Stats.SUM });
  }

  #take(metricName: string, { by = [], ...lines }: Taken): void {
    taken(this, this.#namespace, metricName, { ...lines, by: ['app', ...by] });
  }
}
