import { Fn } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FunctionUrl, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Front, HttpDoors } from './front.ts';
import type { HttpDoor } from './settings.ts';

/**
 * A URL for each door. There is nothing before the functions: no throttle, no access log. IAM does not authenticate
 * here either, since senders sign the body.
 */
export class FunctionUrls extends Construct implements Front {
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: IMetric;
  readonly failures: IMetric;

  constructor(scope: Construct, id: string, { doors }: { doors: HttpDoors }) {
    super(scope, id);
    const urlOf = (door: HttpDoor) =>
      new FunctionUrl(this, door, { function: doors[door], authType: FunctionUrlAuthType.NONE });
    this.urls = { EventsUrl: withoutSlash(urlOf('events')), AccountApiUrl: withoutSlash(urlOf('account-api')) };
    this.requests = sum(doors, 'UrlRequestCount');
    this.failures = sum(doors, 'Url5xxCount');
  }
}

/** Lambda's URLs end with a slash, and paths start with one. */
const withoutSlash = ({ url }: FunctionUrl): string => `https://${Fn.select(2, Fn.split('/', url))}`;

const sum = (doors: HttpDoors, name: string): IMetric =>
  new MathExpression({
    label: name,
    // Named after the metric: an expression that uses two sums would have each name twice.
    expression: `FILL(events${name}, 0) + FILL(accountApi${name}, 0)`,
    usingMetrics: {
      [`events${name}`]: doors.events.metric(name, { statistic: Stats.SUM }),
      [`accountApi${name}`]: doors['account-api'].metric(name, { statistic: Stats.SUM }),
    },
  });
