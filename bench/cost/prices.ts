/** A list price in dollars a unit, with its source and the date of reading. */
type Price = { readonly dollars: number; readonly per: string; readonly source: string };

/** AWS's prices in us-east-1, on demand, without free tiers and savings plans. */
export const PRICES = {
  restApi: {
    dollars: 3.5e-6,
    per: 'request',
    source: 'https://aws.amazon.com/api-gateway/pricing/ as transcribed by API Evangelist, 2026-09-20',
  },
  httpApi: {
    dollars: 1e-6,
    per: 'request, up to 512 KB',
    source: 'https://aws.amazon.com/api-gateway/pricing/ as transcribed by API Evangelist, 2026-09-20',
  },
  functionUrl: {
    dollars: 0,
    per: 'request',
    source: 'https://aws.amazon.com/lambda/pricing/ names none',
  },
  invocation: {
    dollars: 0.2e-6,
    per: 'invocation',
    source:
      'https://aws.amazon.com/lambda/pricing/ as quoted by https://wring.co/blog/aws-lambda-pricing-guide, 2026-03-08',
  },
  armGbSecond: {
    dollars: 0.0000133334,
    per: 'GB-second, arm64',
    source:
      'https://aws.amazon.com/lambda/pricing/ as quoted by https://wring.co/blog/aws-lambda-pricing-guide, 2026-03-08',
  },
  x86GbSecond: {
    dollars: 0.0000166667,
    per: 'GB-second, x86_64',
    source:
      'https://aws.amazon.com/lambda/pricing/ as quoted by https://wring.co/blog/aws-lambda-pricing-guide, 2026-03-08',
  },
  sqsRequest: {
    dollars: 0.4e-6,
    per: 'request of a standard queue: up to 10 messages, and up to 64 KB',
    source: 'https://aws.amazon.com/sqs/pricing/ as quoted by cloudburn.io 2026-03 and factualminds.com 2026-06',
  },
  writeUnit: {
    dollars: 0.625e-6,
    per: 'write request unit',
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/ as quoted by airbyte.com, 2025-07',
  },
  readUnit: {
    dollars: 0.125e-6,
    per: 'read request unit',
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/ as quoted by airbyte.com, 2025-07',
  },
  storedGb: {
    dollars: 0.25,
    per: 'GB a month in a table, with 100 bytes for each item',
    source: 'https://aws.amazon.com/dynamodb/pricing/ as stored by a crawl, undated',
  },
  logGb: {
    dollars: 0.5,
    per: 'GB taken into CloudWatch Logs',
    source: 'https://aws.amazon.com/cloudwatch/pricing/ as quoted by duckbillgroup.com, undated',
  },
} as const satisfies Record<string, Price>;

/** Prices of what a stack has while nothing comes. */
export const MONTHLY = {
  secret: { dollars: 0.4, per: 'secret, a month', source: 'hivebook.wiki on AWS Secrets Manager, undated' },
  alarmMetric: { dollars: 0.1, per: 'metric of an alarm, a month', source: 'factualminds.com 2026-06' },
  dashboard: { dollars: 3, per: 'dashboard beyond three, a month', source: 'factualminds.com 2026-06' },
  metric: { dollars: 0.3, per: 'custom metric, a month', source: 'signoz.io 2026-02' },
} as const satisfies Record<string, Price>;

/**
 * The memory that gives a function one whole processor
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
 */
export const ONE_PROCESSOR_MB = 1769;
