import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type JsonPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { line, type Taken, taken } from './log-metrics.ts';
import type { MirrorFunctions } from './mirror-functions.ts';

/** Why a token was compared, as the log says it (functions/core/mirror-mark.ts): after a push, once more, by the sweep. */
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

/** What mirrors say of themselves (functions/adapters/mirror-log.ts writes the lines), each metric by app. */
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
