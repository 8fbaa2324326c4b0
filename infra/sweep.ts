import { Duration, Stack, Validations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { SweepEnvironment, VariablesOf } from '../functions/lambda/environment.ts';
import type { StorageProps } from './encryption.ts';
import { allow, DoorFunction } from './function.ts';
import { HistoryTable } from './history-table.ts';
import type { Mirror } from './mirror.ts';
import { SWEEP_EVERY_MINUTES } from './settings.ts';

type SweepProps = StorageProps & {
  mirrors: readonly Mirror[];
  table: Pick<ITable, 'tableName' | 'tableArn'>;
  history: HistoryTable | undefined;
};

/** Reads the whole table in a day: collects entries that are not needed any more, and has `verify` check mirrored tokens. */
export class Sweep extends DoorFunction {
  constructor(scope: Construct, { mirrors, table, history, ...storage }: SweepProps) {
    const queues = Object.fromEntries(mirrors.map(({ app, checks }) => [app.id, checks.queue.queueUrl]));
    const ledger = HistoryTable.partOf(scope, history, 'sweep');
    const environment = {
      REGISTRY_TABLE: table.tableName,
      CHECKS_QUEUES: Stack.of(scope).toJsonString(queues),
      HISTORY: ledger.HISTORY,
    } satisfies VariablesOf<typeof SweepEnvironment>;
    const reading = ['dynamodb:Scan', 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'];
    const checks = mirrors.map((mirror) => mirror.checks.queue.queueArn);
    super(scope, 'sweep', {
      ...storage,
      environment,
      permissions: [
        allow(table.tableArn, ...reading, 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'),
        ...(checks.length > 0 ? [allow(checks, 'sqs:SendMessage')] : []),
        ...ledger.permissions,
      ],
      // The next run continues where a failed one stopped. An immediate retry could run beside it.
      retryAttempts: 0,
    });
    Validations.of(this).acknowledge({ id: 'Serverless-LambdaAsyncFailureDestination', reason: NEXT_RUN_REPEATS });
    this.#everyHour();
  }

  #everyHour(): void {
    const rule = new Rule(this, 'Schedule', {
      schedule: Schedule.rate(Duration.minutes(SWEEP_EVERY_MINUTES)),
      targets: [new LambdaFunction(this, { retryAttempts: 0 })],
    });
    Validations.of(rule).acknowledge({ id: 'Serverless-EventBusDLQ', reason: NEXT_RUN_REPEATS });
  }
}

const NEXT_RUN_REPEATS =
  'The event carries no data. The next hourly event does the same, so a lost one needs no destination.';
