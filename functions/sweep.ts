import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from 'aws-lambda';
import { QUEUE_CLIENT } from './aws/client.ts';
import { tableNamed } from './aws/registry-store.ts';
import { sweepDoor } from './aws/sweep.ts';
import { readEnvironment, SweepEnvironment } from './lambda/environment.ts';
import { log } from './lambda/log.ts';

const environment = readEnvironment(SweepEnvironment);
const run = sweepDoor({
  table: tableNamed(environment.REGISTRY_TABLE),
  queues: new SQSClient(QUEUE_CLIENT),
  checksQueues: environment.CHECKS_QUEUES,
  log,
});

/** Invoked every hour. Goes through the whole table once a day: has mirrors compared, and collects what is past use. */
export const handler = (_: unknown, { getRemainingTimeInMillis }: Pick<Context, 'getRemainingTimeInMillis'>) =>
  run(getRemainingTimeInMillis);
