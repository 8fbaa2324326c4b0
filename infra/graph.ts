import { type IMetric, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';

/** One graph of the dashboard. */
export type Graph = { readonly title: string; readonly left: IMetric[]; readonly right?: IMetric[] };

/** The middle of a metric and its tail, named. */
export const percentiles = (metric: Metric, name = ''): IMetric[] =>
  [50, 99].map((percentile) => metric.with({ statistic: Stats.p(percentile), label: `${name} p${percentile}`.trim() }));
