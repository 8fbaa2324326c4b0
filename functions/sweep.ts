import { SQSClient } from '@aws-sdk/client-sqs';
import { tableNamed } from './aws/registry-store.ts';
import { SDK_CLIENT } from './aws/sdk.ts';
import { sweepDoor } from './aws/sweep.ts';
import { readEnvironment, SweepEnvironment } from './lambda/environment.ts';
import { log } from './lambda/log.ts';

const environment = readEnvironment(SweepEnvironment);

/** Invoked every hour. Goes through the whole table once a day: has mirrored tokens verified, and deletes old entries. */
export const handler = sweepDoor({
  table: tableNamed(environment.REGISTRY_TABLE),
  queues: new SQSClient(SDK_CLIENT),
  checksQueues: environment.CHECKS_QUEUES,
  history: environment.HISTORY,
  log,
});
