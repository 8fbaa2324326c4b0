import { Duration, Stack, Validations } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import type { SweepEnvironment, VariablesOf } from '../functions/lambda/environment.ts';
import type { Keeping } from './encryption.ts';
import { allow, DoorFunction } from './function.ts';
import type { Mirror } from './mirror.ts';
import { SWEEP_EVERY_MINUTES } from './settings.ts';

type Swept = Keeping & { mirrors: readonly Mirror[]; table: Pick<ITable, 'tableName' | 'tableArn'> };

/** Looks through the table by and by: collects what nobody needs any more, and has mirrored tokens compared. */
export class Sweep extends DoorFunction {
  constructor(scope: Construct, { mirrors, table, ...kept }: Swept) {
    const queues = Object.fromEntries(mirrors.map(({ app, checks }) => [app.id, checks.queue.queueUrl]));
    const environment = {
      REGISTRY_TABLE: table.tableName,
      CHECKS_QUEUES: Stack.of(scope).toJsonString(queues),
    } satisfies VariablesOf<typeof SweepEnvironment>;
    const reading = ['dynamodb:Scan', 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:BatchGetItem'];
    const checks = mirrors.map((mirror) => mirror.checks.queue.queueArn);
    super(scope, 'sweep', {
      ...kept,
      environment,
      may: [
        allow(table.tableArn, ...reading, 'dynamodb:PutItem', 'dynamodb:DeleteItem'),
        ...(checks.length > 0 ? [allow(checks, 'sqs:SendMessage')] : []),
      ],
      // The next run goes on where a failed one was: tried again at once it would run beside it.
      retryAttempts: 0,
    });
    Validations.of(this).acknowledge({ id: 'Serverless-LambdaAsyncFailureDestination', reason: AGAIN });
    this.#everyHour();
  }

  #everyHour(): void {
    const rule = new Rule(this, 'Schedule', {
      schedule: Schedule.rate(Duration.minutes(SWEEP_EVERY_MINUTES)),
      targets: [new LambdaFunction(this, { retryAttempts: 0 })],
    });
    Validations.of(rule).acknowledge({ id: 'Serverless-EventBusDLQ', reason: AGAIN });
  }
}

const AGAIN = 'The event says nothing but that an hour is over, and the next one says it again.';
