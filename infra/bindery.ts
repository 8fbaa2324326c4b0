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
import { type Encryption, EncryptionKey, type StorageProps } from './encryption.ts';
import { type Front, type FrontKind, FunctionUrls, HttpApi } from './front.ts';
import { allow, DoorFunction, RECEIVE_ACTIONS } from './function.ts';
import { Mirror, type MirrorFunctions, mirrorFunctions } from './mirror.ts';
import { Alarms, serviceAlarms } from './monitoring/alarms.ts';
import { BinderyDashboard } from './monitoring/dashboard.ts';
import { LogMetrics, MirrorMetrics } from './monitoring/metrics.ts';
import { mirrorAlarms } from './monitoring/mirror-alarms.ts';
import { OperationsQueue } from './queue.ts';
import { RegistryTable } from './registry-table.ts';
import { operationsFeed } from './settings.ts';
import { Sweep } from './sweep.ts';

export type BinderyProps = {
  configuration: Configuration;
  /** In `dev`, deleting the stack deletes the table, the secrets, the queues and the logs; elsewhere they stay. Default: dev. */
  stage?: string | undefined;
  /** Default: http-api. */
  front?: FrontKind | undefined;
  /** Default: aws. */
  encryption?: Encryption | undefined;
  /**
   * Executions reserved for each HTTP door, which are also its maximum. AWS takes them from the account's, and refuses a
   * reservation that leaves too few for the rest; a new account has ten. Default: none.
   */
  doorConcurrency?: number | undefined;
  /** After a restore: the table to use instead of the stack's own, which stays (docs/operations.md). Default: none. */
  restoredTable?: string | undefined;
  /** Address that gets a mail when an alarm goes off and when it is over. Default: none. */
  alarmEmail?: string | undefined;
};

/** Dashboards accept tags since June 2026, but not in every Region. In the others a tag would fail the deployment. */
const TAG_OPTIONS = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };

/** All of Bindery, for a stack of its own (infra/stack.ts) or as a part of another stack. */
export class Bindery extends Construct {
  readonly registry: RegistryTable;
  /** The table that functions use: the registry, or the table it was restored to. */
  readonly table: Pick<ITable, 'tableName' | 'tableArn' | 'metric'>;
  readonly operations: OperationsQueue;
  readonly credentials: Credentials;
  /** One for each app that is mirrored. */
  readonly mirrors: readonly Mirror[];
  readonly front: Front;
  readonly alarms: Alarms;
  readonly dashboard: BinderyDashboard;

  readonly #configuration: Configuration;
  readonly #storage: StorageProps;

  constructor(scope: Construct, id: string, { configuration, stage = 'dev', ...options }: BinderyProps) {
    super(scope, id);
    const isKept = stage !== 'dev';
    const removalPolicy = isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const key = options.encryption === 'kms' ? new EncryptionKey(this, 'Key', { removalPolicy }) : undefined;
    const storage = { removalPolicy, key };
    this.#configuration = configuration;
    this.#storage = storage;

    this.registry = new RegistryTable(this, 'Registry', { ...storage, deletionProtection: isKept });
    this.table = options.restoredTable ? Table.fromTableName(this, 'Restored', options.restoredTable) : this.registry;
    this.operations = new OperationsQueue(this, 'Operations', storage);
    this.credentials = new Credentials(this, 'Credentials', { ...storage, configuration });
    this.mirrors = configuration.apps.flatMap(({ mirror, ...app }) =>
      mirror ? [new Mirror(this, `Mirror ${app.id}`, { ...storage, app: { ...app, mirror } })] : [],
    );
    const { doorConcurrency } = options;
    const doors = { events: this.#events(doorConcurrency), 'account-api': this.#accountApi(doorConcurrency) };
    const api = options.front === 'function-url' ? undefined : new HttpApi(this, 'HttpApi', { ...storage, doors });
    this.front = api ?? new FunctionUrls(this, 'FunctionUrls', { doors });
    const apply = this.#apply();
    this.operations.feed(apply, operationsFeed(configuration.apps));

    const workers = this.#mirrorFunctions();
    const sweep = new Sweep(this, { ...storage, mirrors: this.mirrors, table: this.table });

    const log = new LogMetrics(this, 'LogMetrics', { doors, apply, mirrors: workers, sweep, accessLog: api?.log });
    const mirrorMetrics = workers && new MirrorMetrics(this, 'MirrorMetrics', workers);
    const { operations, front, mirrors, table } = this;
    const sources = { operations, doors, apply, sweep, front, log, workers };
    this.alarms = new Alarms(this, 'Alarms', [
      ...serviceAlarms(sources),
      ...(mirrorMetrics ? mirrors.flatMap((mirror) => mirrorAlarms(mirror, mirrorMetrics)) : []),
    ]);
    if (options.alarmEmail !== undefined) this.alarms.mail(options.alarmEmail, key);
    const { alarms } = this;
    this.dashboard = new BinderyDashboard(this, 'Dashboard', { ...sources, table, alarms, mirrors, mirrorMetrics });

    Tags.of(this).add('service', 'bindery', TAG_OPTIONS);
    Tags.of(this).add('stage', stage, TAG_OPTIONS);
  }

  #events(concurrency: number | undefined): DoorFunction {
    const { sources } = this.credentials;
    const environment = {
      ...this.#registryVariables(),
      BINDERY_CONFIG: configurationFor('events', this.#configuration),
      SOURCE_SECRETS: sources.toJson(this),
    } satisfies VariablesOf<typeof EventsEnvironment>;
    const permissions = [...this.#acceptPermissions(sources), this.#applyPermission('dynamodb:Query')];
    return new DoorFunction(this, 'events', { ...this.#storage, environment, permissions, concurrency });
  }

  #accountApi(concurrency: number | undefined): DoorFunction {
    const { apps } = this.credentials;
    const environment = {
      ...this.#registryVariables(),
      BINDERY_CONFIG: configurationFor('account-api', this.#configuration),
      APP_SECRETS: apps.toJson(this),
    } satisfies VariablesOf<typeof AccountApiEnvironment>;
    const permissions = [...this.#acceptPermissions(apps), this.#applyPermission('dynamodb:Query')];
    return new DoorFunction(this, 'account-api', { ...this.#storage, environment, permissions, concurrency });
  }

  #apply(): DoorFunction {
    const { queue, parked } = this.operations;
    const { pseudonyms } = this.credentials;
    const marks = this.mirrors.map((mirror) => mirror.marks.queue.queueArn);
    const queues = this.mirrors.map(({ app, marks }) => [app.id, marks.queue.queueUrl]);
    const environment = {
      ...this.#registryVariables(),
      PARKED_QUEUE_URL: parked.queueUrl,
      PSEUDONYM_SECRET: pseudonyms.secretArn,
      MARKS_QUEUES: Stack.of(this).toJsonString(Object.fromEntries(queues)),
    } satisfies VariablesOf<typeof ApplyEnvironment>;
    const permissions = [
      allow(queue.queueArn, ...RECEIVE_ACTIONS),
      allow(parked.queueArn, 'sqs:SendMessage'),
      this.#applyPermission(),
      allow(pseudonyms.secretArn, 'secretsmanager:GetSecretValue'),
      ...(marks.length > 0 ? [allow(marks, 'sqs:SendMessage')] : []),
    ];
    return new DoorFunction(this, 'apply', { ...this.#storage, environment, permissions });
  }

  #registryVariables() {
    return { OPERATIONS_QUEUE_URL: this.operations.queue.queueUrl, REGISTRY_TABLE: this.table.tableName };
  }

  /** An HTTP door reads a credential and sends the operations to the queue. */
  #acceptPermissions(credentials: CredentialSet) {
    return [
      allow(this.operations.queue.queueArn, 'sqs:SendMessage'),
      allow(credentials.arns, 'secretsmanager:GetSecretValue'),
    ];
  }

  /** Applying deletes no item: a later stamp supersedes a binding. */
  #applyPermission(...more: string[]) {
    const actions = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem'];
    return allow(this.table.tableArn, ...actions, ...more);
  }

  #mirrorFunctions(): MirrorFunctions | undefined {
    const { mirrors, table, credentials } = this;
    if (mirrors.length === 0) return undefined;
    const functions = mirrorFunctions(this, { ...this.#storage, mirrors, table, pseudonyms: credentials.pseudonyms });
    for (const mirror of mirrors) mirror.feed(functions);
    return functions;
  }
}
