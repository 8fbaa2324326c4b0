import { Validations } from 'aws-cdk-lib';
import { AccessLogFormat, AccessLogField as Field } from 'aws-cdk-lib/aws-apigateway';
import * as gateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Keeping } from './encryption.ts';
import type { Front, HttpDoors } from './front.ts';
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
        "Each request is authenticated by its door: events by a signature over the raw body, which an authorizer of an HTTP API is not shown, the Account API by the app's secret (functions/sources/signature.ts, functions/wire/credentials.ts).",
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
