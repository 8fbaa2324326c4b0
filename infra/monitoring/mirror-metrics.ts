import { Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type JsonPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { MirrorFunctions } from '../mirror.ts';
import { type LineSelection, line, lineMetric } from './metrics.ts';

/** Why `verify` checked a token, as the log has it (functions/mirror/mark.ts): after a push, once more, by the sweep. */
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

/** Metrics of mirrors, each by app. functions/aws/mirrors.ts writes the lines. */
export class MirrorMetrics extends Construct {
  readonly #namespace: string;

  constructor(scope: Construct, id: string, { mirror, verify }: MirrorFunctions) {
    super(scope, id);
    this.#namespace = scope.node.path;
    const [push, check] = [{ from: [mirror.logGroup] }, { from: [verify.logGroup] }];
    const both = { from: [mirror.logGroup, verify.logGroup] };
    const converged = line('mirror.converged');
    this.#add('MirrorLagMs', { ...push, ...MS, lines: line('mirror.pushed'), value: '$.message.lag_ms' });
    this.#add('MirrorConvergedMs', { ...check, ...MS, lines: converged, value: '$.message.after_ms' });
    this.#add('MirrorExposedMs', { ...check, ...MS, lines: exposed, value: '$.message.exposed_ms' });
    this.#add('MirrorConverged', { ...check, lines: converged, value: '$.message.tokens' });
    const different = { ...check, lines: line('mirror.different'), value: '$.message.tokens' };
    this.#add('MirrorDifferent', { ...different, by: ['by'] });
    this.#add('MirrorCalls', { ...both, lines: line('mirror.called'), by: ['answer'] });
    this.#add('MirrorStopped', { ...both, lines: stopped });
    this.#add('MirrorDropped', { ...both, lines: line('mirror.dropped') });
    this.#add('MirrorUntranslatable', {
      ...both,
      lines: line('mirror.untranslatable'),
      value: '$.message.accounts',
    });
  }

  /** Milliseconds from the oldest change in a push to that push. */
  lagMs = (app: string): Metric => this.#metric('MirrorLagMs', { app });
  /** Milliseconds from a change to the check that found it in the hosted API. */
  convergedMs = (app: string): Metric => this.#metric('MirrorConvergedMs', { app });
  /** Milliseconds from a removal to the push that carried it: for so long the hosted API could show the binding. */
  exposedMs = (app: string): Metric => this.#metric('MirrorExposedMs', { app });
  /** Tokens that a check found equal for the first time since they changed. */
  converged = (app: string): Metric => this.#metric('MirrorConverged', { app });
  /** Tokens that a check found different, by the cause of the check. */
  different = (app: string, by: Cause): Metric => this.#metric('MirrorDifferent', { app, by });
  /** Calls to a hosted API that refuses the credential. */
  stopped = (app: string): Metric => this.#metric('MirrorStopped', { app });
  /** Tokens and requests that the hosted API rejects. */
  dropped = (app: string): Metric => this.#metric('MirrorDropped', { app });
  /** Accounts whose type does not exist in the hosted API. */
  untranslatable = (app: string): Metric => this.#metric('MirrorUntranslatable', { app });

  /** An expression for graphs: calls by their answer. */
  callsByAnswer = (app: string): string =>
    `SEARCH('{"${this.#namespace}",answer,app} MetricName="MirrorCalls" app="${app}"', 'Sum')`;

  #metric(metricName: string, dimensionsMap: Record<string, string>): Metric {
    return new Metric({ namespace: this.#namespace, metricName, dimensionsMap, statistic: Stats.SUM });
  }

  #add(metricName: string, { by = [], ...selection }: LineSelection): void {
    lineMetric(this, this.#namespace, metricName, { ...selection, by: ['app', ...by] });
  }
}
