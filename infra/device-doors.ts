import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { Configuration } from '../functions/core/bindery-json.ts';
import type { DevicesEnvironment, ResolveEnvironment } from '../functions/lambda/device-environment.ts';
import type { VariablesOf } from '../functions/lambda/environment.ts';
import { configurationFor, deviceDoors } from './configuration.ts';
import type { Credentials } from './credentials.ts';
import type { StorageProps } from './encryption.ts';
import { allow, DoorFunction } from './function.ts';
import { HistoryTable } from './history-table.ts';
import type { OperationsQueue } from './queue.ts';
import type { DeviceDoor } from './settings.ts';

type DeviceDoorsProps = StorageProps & {
  configuration: Configuration;
  credentials: Credentials;
  operations: OperationsQueue;
  table: Pick<ITable, 'tableName' | 'tableArn'>;
  history: HistoryTable | undefined;
  concurrency: number | undefined;
};

/** The functions of phones and of senders, those that the configuration has clients for. */
export function deviceFunctions(scope: Construct, props: DeviceDoorsProps): Partial<Record<DeviceDoor, DoorFunction>> {
  const doors = deviceDoors(props.configuration);
  return {
    ...(doors.includes('devices') && { devices: devices(scope, props) }),
    ...(doors.includes('resolve') && { resolve: resolve(scope, props) }),
  };
}

function devices(scope: Construct, props: DeviceDoorsProps): DoorFunction {
  const { configuration, credentials, operations, table, history: _, concurrency, ...storage } = props;
  const tickets = configuration.sources.filter((source) => source.tickets).map(({ id }) => `${id}`);
  const sources = credentials.sources.only(tickets);
  const key = keyOf(credentials);
  const environment = {
    OPERATIONS_QUEUE_URL: operations.queue.queueUrl,
    REGISTRY_TABLE: table.tableName,
    BINDERY_CONFIG: configurationFor('devices', configuration),
    SOURCE_SECRETS: sources.toJson(scope),
    DEVICE_SECRET: key,
  } satisfies VariablesOf<typeof DevicesEnvironment>;
  const reads = ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'];
  const permissions = [
    allow(operations.queue.queueArn, 'sqs:SendMessage'),
    allow([...sources.arns, key], 'secretsmanager:GetSecretValue'),
    allow(table.tableArn, ...reads, 'dynamodb:UpdateItem', 'dynamodb:PartiQLInsert', 'dynamodb:PartiQLUpdate'),
  ];
  return new DoorFunction(scope, 'devices', { ...storage, environment, permissions, concurrency });
}

function resolve(scope: Construct, props: DeviceDoorsProps): DoorFunction {
  const { configuration, credentials, operations: _, table, history, concurrency, ...storage } = props;
  const ledger = HistoryTable.partOf(scope, history, 'resolve');
  const { readers } = credentials;
  const key = keyOf(credentials);
  const environment = {
    REGISTRY_TABLE: table.tableName,
    BINDERY_CONFIG: configurationFor('resolve', configuration),
    READER_SECRETS: readers.toJson(scope),
    DEVICE_SECRET: key,
    HISTORY: ledger.HISTORY,
  } satisfies VariablesOf<typeof ResolveEnvironment>;
  const permissions = [
    allow([...readers.arns, key], 'secretsmanager:GetSecretValue'),
    allow(table.tableArn, 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'),
    ...ledger.permissions,
  ];
  return new DoorFunction(scope, 'resolve', { ...storage, environment, permissions, concurrency });
}

function keyOf({ devices }: Credentials): string {
  if (devices === undefined) throw new Error('bug: no secret for fences and receipts, and a function that makes them');
  return devices.secretArn;
}
