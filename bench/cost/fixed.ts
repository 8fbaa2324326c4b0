import { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';
import { setup as bundleOnce } from '../../test/infra/bundled.ts';
import { stackOf } from '../../test/infra/synthesis.ts';
import { CONFIGURATION } from '../installation.ts';
import { POLLERS } from './ours/ours.ts';
import { MONTHLY, PRICES } from './prices.ts';

const Resource = z.object({
  Type: z.string(),
  Properties: z.object({ Metrics: z.array(z.object({ MetricStat: z.unknown().optional() })).optional() }).optional(),
});

/** Metrics from logs that have values in good times, and so are billed (docs/operations/cost.md). */
const LOG_METRICS = 3;

/** Receives of an idle queue in a month of 30 days: each waits 20 seconds. */
const IDLE_RECEIVES = POLLERS * ((30 * 86_400) / 20);

/** Returns what a deployed stack costs a month while nothing comes (dollars), counted in its template. */
export async function fixedCost(): Promise<number> {
  await bundleOnce();
  const { Resources } = Template.fromStack(stackOf({ configuration: CONFIGURATION })).toJSON();
  const resources = z.record(z.string(), Resource).parse(Resources);
  const of = (type: string) => Object.values(resources).filter(({ Type }) => Type === type);
  const alarmMetrics = of('AWS::CloudWatch::Alarm').map(
    ({ Properties: { Metrics } = {} }) => Metrics?.filter(({ MetricStat }) => MetricStat !== undefined).length ?? 1,
  );
  return [
    of('AWS::SecretsManager::Secret').length * MONTHLY.secret.dollars,
    alarmMetrics.reduce((sum, metrics) => sum + metrics, 0) * MONTHLY.alarmMetric.dollars,
    of('AWS::CloudWatch::Dashboard').length * MONTHLY.dashboard.dollars,
    LOG_METRICS * MONTHLY.metric.dollars,
    IDLE_RECEIVES * PRICES.sqsRequest.dollars,
  ].reduce((sum, dollars) => sum + dollars, 0);
}
