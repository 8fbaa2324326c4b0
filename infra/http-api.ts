import type { RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat, AccessLogField as Field } from 'aws-cdk-lib/aws-apigateway';
import * as gateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
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

type Behind = { doors: Readonly<Record<HttpDoor, IFunction>>; removalPolicy: RemovalPolicy };

/** The public routes. There is no authorizer: a signature covers the body, which an authorizer cannot see. */
export class HttpApi extends gateway.HttpApi {
  constructor(scope: Construct, id: string, { doors, removalPolicy }: Behind) {
    super(scope, id, { apiName: 'Bindery', createDefaultStage: false });
    const integrations = { events: integration(doors, 'events'), 'account-api': integration(doors, 'account-api') };
    for (const { path, door } of ROUTES) {
      this.addRoutes({ path, methods: [gateway.HttpMethod.ANY], integration: integrations[door] });
    }
    const lines = new LogGroup(this, 'Log', { retention: LOG_RETENTION_DAYS, removalPolicy });
    new gateway.HttpStage(this, 'Stage', {
      httpApi: this,
      autoDeploy: true,
      throttle: { rateLimit: THROTTLE.ratePerS, burstLimit: THROTTLE.burst },
      accessLogSettings: {
        destination: new gateway.LogGroupLogDestination(lines),
        format: AccessLogFormat.custom(JSON.stringify(LINE)),
      },
    });
  }
}

const integration = (doors: Behind['doors'], door: HttpDoor) =>
  new HttpLambdaIntegration(door, doors[door], { payloadFormatVersion: gateway.PayloadFormatVersion.VERSION_2_0 });
