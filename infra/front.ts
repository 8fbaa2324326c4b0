import { Fn, Stack, Validations } from 'aws-cdk-lib';
import { AccessLogFormat, AccessLogField as Field } from 'aws-cdk-lib/aws-apigateway';
import * as gateway from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { type IMetric, MathExpression, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FunctionUrl, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Configuration } from '../functions/core/bindery-json.ts';
import { ACCESS_LOGS, type StorageProps } from './encryption.ts';
import type { DoorFunction } from './function.ts';
import { URL_OUTPUTS } from './outputs.ts';
import { type DeviceDoor, type FixedDoor, type HttpDoor, OTHER_ROUTES, PASSING_ROUTE, ROUTES } from './settings.ts';
import { eventsPerS, type Stage } from './stages.ts';

export type HttpDoors = Readonly<Record<FixedDoor, DoorFunction>> & Readonly<Partial<Record<DeviceDoor, DoorFunction>>>;

/** The public side of the HTTP doors. Both kinds pass the same payload (format 2.0), and doors route by themselves. */
export type Front = {
  /** Base URLs without a slash at the end, by the name of the stack's output. */
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: IMetric;
  /** Requests answered 5xx, by a door or by AWS in its place. */
  readonly failures: IMetric;
};

/** One line a request. It omits the address, the path and the query string: they can hold personal data. */
const ACCESS_LOG_LINE = {
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

type HttpApiProps = StorageProps & {
  doors: HttpDoors;
  stage: string;
  throttle: Stage['throttle'];
  apps: Configuration['apps'];
};

/** The routes of the HTTP doors. It has no authorizer: a signature covers the body, and an authorizer does not get the body. */
export class HttpApi extends gateway.HttpApi implements Front {
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: Metric;
  readonly failures: Metric;
  /** The access log: a line for each request, also for throttled ones that never reached a door. */
  readonly log: LogGroup;

  constructor(scope: Construct, id: string, { doors, stage, throttle, apps, ...storage }: HttpApiProps) {
    super(scope, id, { apiName: `Bindery-${stage}`, createDefaultStage: false });
    const integrations = integrationsOf(doors);
    const routes = ROUTES.filter(({ door }) => doors[door] !== undefined);
    const added = routes.flatMap(({ path, door }) => {
      const integration = integrations[door];
      return integration ? this.addRoutes({ path, methods: [gateway.HttpMethod.ANY], integration }) : [];
    });
    const others = OTHER_ROUTES.map(({ path, door }) => {
      const routeKey =
        path === '$default' ? gateway.HttpRouteKey.DEFAULT : gateway.HttpRouteKey.with(path, gateway.HttpMethod.ANY);
      return new gateway.HttpRoute(this, `Other-${door}`, { httpApi: this, routeKey, integration: integrations[door] });
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        "Each door authenticates its requests: events by a signature over the raw body, which an authorizer of an HTTP API does not get, the Account API by the app's secret (functions/events/signature.ts, functions/account-api/wire/credentials.ts), phones by a bearer whose keys and claims the door checks itself (functions/devices.ts), senders by their secret (functions/resolve/reader.ts).",
    });
    this.log = new LogGroup(this, 'Log', {
      // The id of the API makes a new name when the API is made anew: the log of the one before stays, outside `dev`.
      logGroupName: `${ACCESS_LOGS}${Stack.of(this).stackName}-${this.apiId}`,
      retention: storage.logRetentionDays,
      removalPolicy: storage.removalPolicy,
      ...(storage.key && { encryptionKey: storage.key }),
    });
    const deployed = new gateway.HttpStage(this, 'Stage', {
      httpApi: this,
      autoDeploy: true,
      throttle: { rateLimit: throttle.other, burstLimit: throttle.other },
      accessLogSettings: {
        destination: new gateway.LogGroupLogDestination(this.log),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_LINE)),
      },
    });
    const passesOn = apps.some(({ mirror }) => mirror?.passThrough);
    const limits = { ...throttle, events: throttle.events ?? eventsPerS(Object.keys(doors)) };
    this.#limit(deployed, passesOn ? [...routes, PASSING_ROUTE] : routes, limits);
    deployed.node.addDependency(...added, ...(passesOn ? others : []));
    this.urls = { Url: this.apiEndpoint };
    this.requests = this.metricCount({ statistic: Stats.SUM });
    this.failures = this.metricServerError({ statistic: Stats.SUM });
  }

  /**
   * Gives each route a limit of its own instead of the default. The burst is the requests of one second. API Gateway refuses
   * the limit of a route that does not exist yet.
   */
  #limit(deployed: gateway.HttpStage, routes: readonly LimitedRoute[], limits: Limits): void {
    const stage = deployed.node.defaultChild;
    if (!(stage instanceof gateway.CfnStage)) throw new Error('bug: HttpStage no longer contains a CfnStage');
    const limit = (perS: number) => ({ ThrottlingRateLimit: perS, ThrottlingBurstLimit: perS });
    stage.addPropertyOverride(
      'RouteSettings',
      Object.fromEntries(routes.map(({ path, throttle: name }) => [`ANY ${path}`, limit(limits[name])])),
    );
  }
}

type LimitedRoute = (typeof ROUTES)[number] | typeof PASSING_ROUTE;
type Limits = Readonly<Record<LimitedRoute['throttle'], number>>;

const integrationsOf = ({ events, 'account-api': accountApi, devices, resolve }: HttpDoors) => ({
  events: integration('events', events),
  'account-api': integration('account-api', accountApi),
  ...(devices && { devices: integration('devices', devices) }),
  ...(resolve && { resolve: integration('resolve', resolve) }),
});

const integration = (name: HttpDoor, door: DoorFunction) =>
  new HttpLambdaIntegration(name, door, { payloadFormatVersion: gateway.PayloadFormatVersion.VERSION_2_0 });

/**
 * A URL for each door, without a throttle and without an access log. IAM does not authenticate here: callers sign the
 * body or send a credential, and doors verify it.
 */
export class FunctionUrls extends Construct implements Front {
  readonly urls: Readonly<Record<string, string>>;
  readonly requests: IMetric;
  readonly failures: IMetric;

  constructor(scope: Construct, id: string, { doors }: { doors: HttpDoors }) {
    super(scope, id);
    const urls = Object.entries(doors).map(([name, door]) => {
      const url = new FunctionUrl(this, name, { function: door, authType: FunctionUrlAuthType.NONE });
      return [`${OUTPUTS.get(name)}`, withoutSlash(url)] as const;
    });
    this.urls = Object.fromEntries(urls);
    this.requests = sum(doors, 'UrlRequestCount');
    this.failures = sum(doors, 'Url5xxCount');
  }
}

/** The output with the URL of each door. */
const OUTPUTS = new Map<string, string>(Object.entries(URL_OUTPUTS));

/** Removes the slash at the end of a function's URL: paths start with one. */
const withoutSlash = ({ url }: FunctionUrl): string => `https://${Fn.select(2, Fn.split('/', url))}`;

const sum = (doors: HttpDoors, name: string): IMetric => {
  const metrics = Object.entries(metricsOf(doors, (door) => door.metric(name, { statistic: Stats.SUM })));
  // Ids contain the metric's name: an expression that uses two sums needs different ids in each.
  const usingMetrics = Object.fromEntries(metrics.map(([id, metric]) => [`${id}${name}`, metric]));
  const terms = Object.keys(usingMetrics).map((id) => `FILL(${id}, 0)`);
  return new MathExpression({ label: name, expression: terms.join(' + '), usingMetrics });
};

/** Returns a metric of each deployed HTTP door, by ids that an expression may use. */
export const metricsOf = (doors: HttpDoors, metric: (door: DoorFunction) => IMetric): Record<string, IMetric> =>
  Object.fromEntries(
    Object.entries(doors).map(([name, door]) => [name === 'account-api' ? 'accountApi' : name, metric(door)]),
  );
