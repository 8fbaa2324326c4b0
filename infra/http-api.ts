import { Fn, Validations } from 'aws-cdk-lib';
import { AccessLogFormat, AccessLogField as Field } from 'aws-cdk-lib/aws-apigateway';
import * as gateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { type IMetric, MathExpression, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FunctionUrl, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Keeping } from './encryption.ts';
import type { DoorFunction } from './function.ts';
import { type HttpDoor, LOG_RETENTION_DAYS, ROUTES, THROTTLE } from './settings.ts';

/** One line a request. No address, no path, no query string: those can hold what belongs to a person. */
const LINE = {
  id: Field.contextRequestId(),
  time: Field.contextRequestTimeEpoch(),
  method: Field.contextHttpMethod(),
  route: Field.contextRouteKey(),
  status: Field.contextStatus(),
  bytes: Field.contextResponseLength(),
  duration_ms: Field.contextResponseLatency(),
  function_ms: Field.contextIntegrationLatency(),
  error: Field.contextErrorResponseType(),
};

type Behind = Keeping & { doors: HttpDoors };

/** The public routes. There is no authorizer: a signature covers the body, which an authorizer cannot see. */
export class HttpApi extends gateway.HttpApi implements Front {
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: Metric;
  readonly failures: Metric;
  /** A line for each request, also for those that were throttled and never reached a door. */
  readonly log: LogGroup;

  constructor(scope: Construct, id: string, { doors, removalPolicy, key }: Behind) {
    super(scope, id, { apiName: 'Bindery', createDefaultStage: false });
    const integrations = { events: integration(doors, 'events'), 'account-api': integration(doors, 'account-api') };
    for (const { path, door } of ROUTES) {
      this.addRoutes({ path, methods: [gateway.HttpMethod.ANY], integration: integrations[door] });
    }
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        "Each request is authenticated by its door: events by a signature over the raw body, which an authorizer of an HTTP API is not shown, the Account API by the app's secret (functions/events/signature.ts, functions/account-api/wire/credentials.ts).",
    });
    this.log = new LogGroup(this, 'Log', {
      retention: LOG_RETENTION_DAYS,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    new gateway.HttpStage(this, 'Stage', {
      httpApi: this,
      autoDeploy: true,
      throttle: { rateLimit: THROTTLE.ratePerS, burstLimit: THROTTLE.burst },
      accessLogSettings: {
        destination: new gateway.LogGroupLogDestination(this.log),
        format: AccessLogFormat.custom(JSON.stringify(LINE)),
      },
    });
    this.urls = { Url: this.apiEndpoint };
    this.requests = this.metricCount({ statistic: Stats.SUM });
    this.failures = this.metricServerError({ statistic: Stats.SUM });
  }
}

const integration = (doors: HttpDoors, door: HttpDoor) =>
  new HttpLambdaIntegration(door, doors[door], { payloadFormatVersion: gateway.PayloadFormatVersion.VERSION_2_0 });

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

/** `http-api`: one URL, throttled and logged. `function-url`: a URL for each door, at no cost and with neither. */
export const FRONTS = ['http-api', 'function-url'] as const;
export type FrontKind = (typeof FRONTS)[number];

export type HttpDoors = Readonly<Record<HttpDoor, DoorFunction>>;

/** What the world sees of the doors. Both kinds hand over the same payload (format 2.0), and doors route by themselves. */
export type Front = {
  /** Base URLs without a slash at the end, by the name of the stack's output. */
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: IMetric;
  /** Requests answered with 5xx, by a door or in its place. */
  readonly failures: IMetric;
};
