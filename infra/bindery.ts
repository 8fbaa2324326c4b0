import { RemovalPolicy, Stack, Tags } from 'aws-cdk-lib';
import { type ITable, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Configuration } from '../functions/core/bindery-json.ts';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  VariablesOf,
} from '../functions/lambda/environment.ts';
import { configurationFor } from './configuration.ts';
import { type CredentialSet, Credentials } from './credentials.ts';
import { deviceFunctions } from './device-doors.ts';
import { EncryptionKey, type StorageProps } from './encryption.ts';
import { type Front, FunctionUrls, HttpApi, type HttpDoors } from './front.ts';
import { allow, DoorFunction, RECEIVE_ACTIONS } from './function.ts';
import { HistoryTable } from './history-table.ts';
import { type Intake, intakeOf } from './intake.ts';
import { Mirror, type MirrorFunctions, mirrorFunctions } from './mirror.ts';
import { Alarms, serviceAlarms } from './monitoring/alarms.ts';
import { BinderyDashboard } from './monitoring/dashboard.ts';
import { LogMetrics } from './monitoring/metrics.ts';
import { mirrorAlarms } from './monitoring/mirror-alarms.ts';
import { MirrorMetrics } from './monitoring/mirror-metrics.ts';
import { sourceAlarms } from './monitoring/source-alarms.ts';
import { type BinderyProps, checked, warnOf } from './props.ts';
import { OperationsQueue } from './queue.ts';
import { RegistryTable } from './registry-table.ts';
import { operationsFeed } from './settings.ts';
import { DEFAULT_STAGE } from './stages.ts';
import { Sweep } from './sweep.ts';

/** Dashboards accept tags since June 2026, but not in every Region. In the others a tag would fail the deployment. */
const TAG_OPTIONS = { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] };

function tag(scope: Construct, stage: string): void {
  Tags.of(scope).add('service', 'bindery', TAG_OPTIONS);
  Tags.of(scope).add('stage', stage, TAG_OPTIONS);
}

/** All of Bindery, for a stack of its own (infra/stack.ts) or as a part of another stack. */
export class Bindery extends Construct {
  readonly registry: RegistryTable;
  /** The table that functions use: the registry, or the table it was restored to. */
  readonly table: Pick<ITable, 'tableName' | 'tableArn' | 'metric'>;
  /** Undefined if `history.days` is 0. */
  readonly history: HistoryTable | undefined;
  readonly operations: OperationsQueue;
  readonly credentials: Credentials;
  /** One for each app that is mirrored. */
  readonly mirrors: readonly Mirror[];
  /** Undefined if no source sends through a queue. */
  readonly intake: Intake | undefined;
  readonly front: Front;
  readonly alarms: Alarms;
  readonly dashboard: BinderyDashboard;
  /** The key of all stored data, with `encryption: kms`. */
  readonly key: EncryptionKey | undefined;

  readonly #configuration: Configuration;
  readonly #storage: StorageProps;

  constructor(scope: Construct, id: string, { configuration: given, stage = DEFAULT_STAGE }: BinderyProps) {
    super(scope, id);
    const { configuration, options } = checked(given, stage);
    const { logRetentionDays, keyArns, secretArns, warmThroughput, throttle, maxConcurrency } = options;
    const removalPolicy = stage === 'dev' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.key = options.encryption === 'kms' ? new EncryptionKey(this, 'Key', { removalPolicy }) : undefined;
    const { key } = this;
    const storage = { removalPolicy, key, keyArns, logRetentionDays };
    this.#configuration = configuration;
    this.#storage = storage;

    this.registry = new RegistryTable(this, 'Registry', { ...storage, warmThroughput });
    this.table = options.restoredTable ? Table.fromTableName(this, 'Restored', options.restoredTable) : this.registry;
    this.history = HistoryTable.with(this, { ...storage, ...configuration.history });
    this.operations = new OperationsQueue(this, 'Operations', storage);
    this.credentials = new Credentials(this, 'Credentials', { ...storage, configuration, secretArns });
    this.mirrors = configuration.apps.flatMap(({ mirror, ...app }) =>
      mirror ? [new Mirror(this, `Mirror ${app.id}`, { ...storage, app: { ...app, mirror } })] : [],
    );
    const doors = this.#httpDoors(options.doorConcurrency);
    const apiProps = { ...storage, doors, stage, throttle, apps: configuration.apps };
    const api = options.front === 'http-api' ? new HttpApi(this, 'HttpApi', apiProps) : undefined;
    this.front = api ?? new FunctionUrls(this, 'FunctionUrls', { doors });
    const apply = this.#apply();
    this.operations.feed(apply, { ...operationsFeed(configuration.apps), maxConcurrency });

    this.intake = this.#intake();
    const workers = this.#mirrorFunctions();
    const sweep = new Sweep(this, { ...storage, mirrors: this.mirrors, table: this.table, history: this.history });

    const { operations, front, mirrors, table, intake } = this;
    const parts = { operations, doors, apply, intake: intake?.door, sweep, front, workers };
    const log = new LogMetrics(this, 'LogMetrics', { ...parts, accessLog: api?.log });
    const sources = { ...parts, log, mirrorMetrics: workers && new MirrorMetrics(this, 'MirrorMetrics', workers) };
    const { mirrorMetrics } = sources;
    this.alarms = new Alarms(this, 'Alarms', [
      ...serviceAlarms(sources),
      ...(intake?.queues ?? []).flatMap(sourceAlarms),
      ...(mirrorMetrics ? mirrors.flatMap((mirror) => mirrorAlarms(mirror, mirrorMetrics)) : []),
    ]);
    if (options.alarmEmail !== undefined) this.alarms.mail(options.alarmEmail, key);
    this.dashboard = new BinderyDashboard(this, 'Dashboard', { ...sources, table, alarms: this.alarms, mirrors });

    warnOf(this, stage, options);
    tag(this, stage);
  }

  /** Base URL of all doors. Throws with function URLs: there each door has its own. */
  get url(): string {
    return this.#urlOf('Url');
  }

  /** Base URL of the senders of events: their path is `/events/{source}`. */
  get eventsUrl(): string {
    return this.#urlOf('EventsUrl');
  }

  /** Base URL of clients of the Account API. */
  get accountApiUrl(): string {
    return this.#urlOf('AccountApiUrl');
  }

  /** Base URL of phones. Throws with function URLs if the configuration lets no phone sign in. */
  get devicesUrl(): string {
    return this.#urlOf('DevicesUrl');
  }

  /** Base URL of senders of messages. Throws with function URLs if the configuration has no readers. */
  get resolveUrl(): string {
    return this.#urlOf('ResolveUrl');
  }

  /** Operations that could not be applied. A message on it is a task for an operator (docs/operations/redrive.md). */
  get parkedQueue(): IQueue {
    return this.operations.parked;
  }

  /** Returns the secret of a source. Of an app or a reader with the `kind`. */
  secretOf(id: string, kind: 'apps' | 'sources' | 'readers' = 'sources'): ISecret {
    return this.credentials[kind].of(id);
  }

  /** Lets a function or a role read the secret of a reader, to ask for devices. Default: the only reader. */
  grantRead(grantee: IGrantable, reader?: string): Grant {
    const [only = '', another] = this.credentials.readers.secrets.keys();
    if (reader === undefined && another !== undefined) throw new Error('name one of the readers: there are several');
    return this.credentials.readers.of(reader ?? only).grantRead(grantee);
  }

  /** Lets a function or a role send events: to the queue of a source on AWS, or by reading the secret of another source. */
  grantSend(grantee: IGrantable, source: string): Grant {
    const own = this.intake?.queues.find((one) => one.source.id === source);
    return own ? own.queue.grantSendMessages(grantee) : this.credentials.sources.of(source).grantRead(grantee);
  }

  #urlOf(output: string): string {
    const { urls } = this.front;
    const url = urls[output] ?? urls['Url'];
    if (url === undefined) throw new Error(`this front has no ${output}, only ${Object.keys(urls).join(', ')}`);
    return url;
  }

  #httpDoors(concurrency: number | undefined): HttpDoors {
    const { credentials, operations, table, history } = this;
    const props = { ...this.#storage, configuration: this.#configuration, credentials, operations, table, history };
    return {
      events: this.#events(concurrency),
      'account-api': this.#accountApi(concurrency),
      ...deviceFunctions(this, { ...props, concurrency }),
    };
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
    const history = HistoryTable.partOf(this, this.history, 'apply');
    const environment = {
      ...this.#registryVariables(),
      PARKED_QUEUE_URL: parked.queueUrl,
      PSEUDONYM_SECRET: pseudonyms.secretArn,
      MARKS_QUEUES: Stack.of(this).toJsonString(Object.fromEntries(queues)),
      HISTORY: history.HISTORY,
    } satisfies VariablesOf<typeof ApplyEnvironment>;
    const permissions = [
      allow(queue.queueArn, ...RECEIVE_ACTIONS),
      allow(parked.queueArn, 'sqs:SendMessage'),
      this.#applyPermission(),
      allow(pseudonyms.secretArn, 'secretsmanager:GetSecretValue'),
      ...(marks.length > 0 ? [allow(marks, 'sqs:SendMessage')] : []),
      ...history.permissions,
    ];
    return new DoorFunction(this, 'apply', { ...this.#storage, environment, permissions });
  }

  #intake(): Intake | undefined {
    const { operations, table } = this;
    const props = { configuration: this.#configuration, variables: this.#registryVariables(), operations, table };
    return intakeOf(this, { ...this.#storage, ...props });
  }

  #registryVariables() {
    return { OPERATIONS_QUEUE_URL: this.operations.queue.queueUrl, REGISTRY_TABLE: this.table.tableName };
  }

  /** An HTTP door reads a credential and sends the operations to the queue. */
  #acceptPermissions(credentials: CredentialSet) {
    return [
      allow(this.operations.queue.queueArn, 'sqs:SendMessage'),
      ...(credentials.arns.length > 0 ? [allow(credentials.arns, 'secretsmanager:GetSecretValue')] : []),
    ];
  }

  /** Applying deletes no item: a later stamp supersedes a binding. Statements write many items in one call. */
  #applyPermission(...more: string[]) {
    const reads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem'];
    const actions = [...reads, 'dynamodb:UpdateItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'];
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
