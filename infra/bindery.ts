import { Annotations, RemovalPolicy, Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type {
  AccountApiEnvironment,
  ApplyEnvironment,
  EventsEnvironment,
  VariablesOf,
} from '../functions/adapters/environment.ts';
import type { Configuration } from '../functions/core/configuration.ts';
import { type CredentialSet, Credentials } from './credentials.ts';
import { allow, DoorFunction } from './function.ts';
import { HttpApi } from './http-api.ts';
import { OperationsQueue } from './operations-queue.ts';
import { RegistryTable } from './registry-table.ts';

/** `stage` is `dev` unless given: only there do the table, the secrets and the queues go when the stack goes. */
export type BinderyProps = { configuration: Configuration; stage?: string };

/** All of Bindery, for a stack of its own or somebody else's. */
export class Bindery extends Construct {
  readonly registry: RegistryTable;
  readonly operations: OperationsQueue;
  readonly credentials: Credentials;
  readonly api: HttpApi;

  readonly #configuration: Configuration;
  readonly #removalPolicy: RemovalPolicy;

  constructor(scope: Construct, id: string, { configuration, stage = 'dev' }: BinderyProps) {
    super(scope, id);
    const lasts = stage !== 'dev';
    this.#configuration = configuration;
    this.#removalPolicy = lasts ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const kept = { removalPolicy: this.#removalPolicy };

    this.registry = new RegistryTable(this, 'Registry', { ...kept, deletionProtection: lasts });
    this.operations = new OperationsQueue(this, 'Operations', kept);
    this.credentials = new Credentials(this, 'Credentials', { ...kept, configuration });
    const doors = { events: this.#events(), 'account-api': this.#accountApi() };
    this.api = new HttpApi(this, 'HttpApi', { ...kept, doors });
    this.operations.feed(this.#apply());

    Tags.of(this).add('service', 'bindery');
    Tags.of(this).add('stage', stage);
    this.#warnOfMirrors();
  }

  #events(): DoorFunction {
    const { sources } = this.credentials;
    const environment = {
      ...this.#onRegistry(),
      BINDERY_CONFIG: JSON.stringify(this.#configuration),
      SOURCE_SECRETS: sources.toJson(this),
    } satisfies VariablesOf<typeof EventsEnvironment>;
    const may = [...this.#mayTake(sources), this.#mayApply()];
    return new DoorFunction(this, 'events', { environment, may, removalPolicy: this.#removalPolicy });
  }

  #accountApi(): DoorFunction {
    const { apps } = this.credentials;
    const environment = {
      ...this.#onRegistry(),
      BINDERY_CONFIG: JSON.stringify(this.#configuration),
      APP_SECRETS: apps.toJson(this),
    } satisfies VariablesOf<typeof AccountApiEnvironment>;
    const may = [...this.#mayTake(apps), this.#mayApply('dynamodb:Query')];
    return new DoorFunction(this, 'account-api', { environment, may, removalPolicy: this.#removalPolicy });
  }

  #apply(): DoorFunction {
    const { queue, parked } = this.operations;
    const environment = {
      ...this.#onRegistry(),
      PARKED_QUEUE_URL: parked.queueUrl,
    } satisfies VariablesOf<typeof ApplyEnvironment>;
    const receive = [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueAttributes',
    ];
    const may = [allow(queue.queueArn, ...receive), allow(parked.queueArn, 'sqs:SendMessage'), this.#mayApply()];
    return new DoorFunction(this, 'apply', { environment, may, removalPolicy: this.#removalPolicy });
  }

  #onRegistry() {
    return { OPERATIONS_QUEUE_URL: this.operations.queue.queueUrl, REGISTRY_TABLE: this.registry.tableName };
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
    return allow(this.registry.tableArn, ...actions, ...more);
  }

  #warnOfMirrors(): void {
    for (const { id, mirror } of this.#configuration.apps) {
      if (mirror === undefined) continue;
      const message = `the mirror of app "${id}" is not fed by this version: ${mirror.url} stays as it is`;
      Annotations.of(this).addWarningV2(`bindery:mirror-of-${id}`, message);
    }
  }
}
