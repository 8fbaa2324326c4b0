import { SQSClient } from '@aws-sdk/client-sqs';
import { CLIENT } from './adapters/aws.ts';
import { ApplyEnvironment, readEnvironment } from './adapters/environment.ts';
import { log } from './adapters/log.ts';
import { parkedQueue } from './adapters/operations-queue.ts';
import { registryIn } from './adapters/registry-table.ts';
import { sqsDoor } from './adapters/sqs-door.ts';
import { applyAll } from './core/registry.ts';
import { applyMessages } from './handlers/apply.ts';

const environment = readEnvironment(ApplyEnvironment);
const client = new SQSClient(CLIENT);
// Most of what comes here was applied a second ago: reading that costs half, and a document that has changed is not overwritten.
const registry = registryIn(environment.REGISTRY_TABLE, 'eventual');
const park = parkedQueue(client, environment.PARKED_QUEUE_URL);

/** The operations queue's worker: applies what the doors accepted. */
export const handler = sqsDoor({
  settle: (bodies) => applyMessages({ apply: (operations) => applyAll(registry, operations), park }, bodies),
  client,
  queueUrl: environment.OPERATIONS_QUEUE_URL,
  log,
});
