import { RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Configuration } from '../functions/core/configuration.ts';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  VariablesOf,
} from '../functions/lambda/environment.ts';
import { configurationFor } from './configuration.ts';
import { type CredentialSet, Credentials } from './credentials.ts';
import { type Encryption, EncryptionKey, type Keeping } from './encryption.ts';
import { allow, DoorFunction, RECEIVING } from './function.ts';
import { type Front, type FrontKind, FunctionUrls, HttpApi } from './http-api.ts';
import { Mirror, type MirrorFunctions, mirrorFunctions } from './mirror.ts';
import { Alarms } from './monitoring/alarms.ts';
import { BinderyDashboard } from './monitoring/dashboard.ts';
import { LogMetrics, MirrorMetrics } from './monitoring/metrics.ts';
import { OperationsQueue } from './queue.ts';
import { RegistryTable } from './registry-table.ts';
import { operationsFeed } from './settings.ts';
import { Sweep } from './sweep.ts';

export type BinderyProps = {
  configuration: Configuration;
  /** `dev` unless given: only there do the table, the secrets, the queues and the logs go when the stack goes. */
  stage?: string | undefined;
  /** `http-api` unless given. */
  front?: FrontKind | undefined;
  /** `aws` unless given. */
  encryption?: Encryption | undefined;
  /**
   * Executions reserved for each HTTP door, which are also its cap. None unless given: they are taken from the account's,
   * a new account has ten, and AWS refuses a reservation that leaves the rest of the account too few.
   */
  doorConcurrency?: number | undefined;
  /** After a restore: the table to use in place of the stack's own, which stays (docs/operations.md). */
  restoredTable?: string | undefined;
  /** Who is told of alarms. Nobody unless given. */
  alarmEmail?: string | undefined;
};

/** Dashboards take tags since June 2026, but not in every Region: where CloudFormation does not know them, it stops. */
const TAGGED = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };

/** All of Bindery, for a stack of its own or somebody else's. */
export class Bindery extends Construct {
  readonly registry: RegistryTable;
  /** The table that functions work on: the registry, or what it was restored to. */
  readonly table: Pick<ITable, 'tableName' | 'tableArn' | 'metric'>;
  readonly operations: OperationsQueue;
  readonly credentials: Credentials;
  /** One for each app that has a mirror. */
  readonly mirrors: readonly Mirror[];
  readonly front: Front;
  readonly alarms: Alarms;
  readonly dashboard: BinderyDashboard;

  readonly #configuration: Configuration;
  readonly #kept: Keeping;

  constructor(scope: Construct, id: string, { configuration, stage = 'dev', ...options }: BinderyProps) {
    super(scope, id);
    const lasts = stage !== 'dev';
    const removalPolicy = lasts ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const key = options.encryption === 'kms' ? new EncryptionKey(this, 'Key', { removalPolicy }) : undefined;
    const kept = { removalPolicy, key };
    this.#configuration = configuration;
    this.#kept = kept;

    this.registry = new RegistryTable(this, 'Registry', { ...kept, deletionProtection: lasts });
    this.table = options.restoredTable ? Table.fromTableName(this, 'Restored', options.restoredTable) : this.registry;
    this.operations = new OperationsQueue(this, 'Operations', kept);
    this.credentials = new Credentials(this, 'Credentials', { ...kept, configuration });
    this.mirrors = configuration.apps.flatMap(({ mirror, ...app }) =>
      mirror ? [new Mirror(this, `Mirror ${app.id}`, { ...kept, app: { ...app, mirror } })] : [],
    );
    const { doorConcurrency } = options;
    const doors = { events: this.#events(doorConcurrency), 'account-api': this.#accountApi(doorConcurrency) };
    const api = options.front === 'function-url' ? undefined : new HttpApi(this, 'HttpApi', { ...kept, doors });
    this.front = api ?? new FunctionUrls(this, 'FunctionUrls', { doors });
    const apply = this.#apply();
    this.operations.feed(apply, operationsFeed(configuration.apps));

    const workers = this.#mirrorFunctions();
    const sweep = new Sweep(this, { ...kept, mirrors: this.mirrors, table: this.table });

    const log = new LogMetrics(this, 'LogMetrics', { doors, apply, mirrors: workers, sweep, accessLog: api?.log });
    const mirrored = workers && new MirrorMetrics(this, 'MirrorMetrics', workers);
    const { operations, front, mirrors } = this;
    const watched = { operations, doors, apply, sweep, front, log, mirrors, workers, mirrored };
    this.alarms = new Alarms(this, 'Alarms', watched);
    if (options.alarmEmail !== undefined) this.alarms.mail(options.alarmEmail, key);
    const { table, alarms } = this;
    this.dashboard = new BinderyDashboard(this, 'Dashboard', { ...watched, table, alarms });

    Tags.of(this).add('service', 'bindery', TAGGED);
    Tags.of(this).add('stage', stage, TAGGED);
  }

  #events(concurrency: number | undefined): DoorFunction {
    const { sources } = this.credentials;
    const environment = {
      ...this.#onRegistry(),
      BINDERY_CONFIG: configurationFor('events', this.#configuration),
      SOURCE_SECRETS: sources.toJson(this),
    } satisfies VariablesOf<typeof EventsEnvironment>;
    const may = [...this.#mayTake(sources), this.#mayApply()];
    return new DoorFunction(this, 'events', { ...this.#kept, environment, may, concurrency });
  }

  #accountApi(concurrency: number | undefined): DoorFunction {
    const { apps } = this.credentials;
    const environment = {
      ...this.#onRegistry(),
      BINDERY_CONFIG: configurationFor('account-api', this.#configuration),
      APP_SECRETS: apps.toJson(this),
    } satisfies VariablesOf<typeof AccountApiEnvironment>;
    const may = [...this.#mayTake(apps), this.#mayApply('dynamodb:Query')];
    return new DoorFunction(this, 'account-api', { ...this.#kept, environment, may, concurrency });
  }

  #apply(): DoorFunction {
    const { queue, parked } = this.operations;
    const { pseudonyms } = this.credentials;
    const marks = this.mirrors.map((mirror) => mirror.marks.queue.queueArn);
    const queues = this.mirrors.map(({ app, marks }) => [app.id, marks.queue.queueUrl]);
    const environment = {
      ...this.#onRegistry(),
      PARKED_QUEUE_URL: parked.queueUrl,
      PSEUDONYM_SECRET: pseudonyms.secretArn,
      MARKS_QUEUES: Stack.of(this).toJsonString(Object.fromEntries(queues)),
    } satisfies VariablesOf<typeof ApplyEnvironment>;
    const may = [
      allow(queue.queueArn, ...RECEIVING),
      allow(parked.queueArn, 'sqs:SendMessage'),
      this.#mayApply(),
      allow(pseudonyms.secretArn, 'secretsmanager:GetSecretValue'),
      ...(marks.length > 0 ? [allow(marks, 'sqs:SendMessage')] : []),
    ];
    return new DoorFunction(this, 'apply', { ...this.#kept, environment, may });
  }

  #onRegistry() {
    return { OPERATIONS_QUEUE_URL: this.operations.queue.queueUrl, REGISTRY_TABLE: this.table.tableName };
  }

  /** Who answers requests checks a credential and makes the operation durable. */
  #mayTake(credentials: CredentialSet) {
    return [
      allow(this.operations.queue.queueArn, 'sqs:SendMessage'),
      allow(credentials.arns, 'secretsmanager:GetSecretValue'),
    ];
  }

  /** Bindings are never deleted, they are outdated by later stamps: no function needs to delete an item. */
  #mayApply(...more: string[]) {
    const actions = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
    return allow(this.table.tableArn, ...actions, ...more);
  }

  #mirrorFunctions(): MirrorFunctions | undefined {
    const { mirrors, table, credentials } = this;
    if (mirrors.length === 0) return undefined;
    const functions = mirrorFunctions(this, { ...this.#kept, mirrors, table, pseudonyms: credentials.pseudonyms });
    for (const mirror of mirrors) mirror.feed(functions);
    return functions;
  }
}
