import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { CLIENT } from './aws/client.ts';
import { mirrorMarks, parkedQueue } from './aws/queues.ts';
import { READS, registryIn } from './aws/registry-store.ts';
import { digestUnder, NEWEST, pseudonymKey, pseudonymsUnder, secretsReader } from './aws/secrets.ts';
import { applyAll } from './core/apply.ts';
import type { Operation } from './core/operation.ts';
import { ApplyEnvironment, readEnvironment } from './lambda/environment.ts';
import { log } from './lambda/log.ts';
import { sqsDoor } from './lambda/sqs.ts';
import { applyMessages } from './operations/messages.ts';

const environment = readEnvironment(ApplyEnvironment);
const client = new SQSClient(CLIENT);
const registry = registryIn(environment.REGISTRY_TABLE, READS.apply);
const park = parkedQueue(client, environment.PARKED_QUEUE_URL);
const secrets = new SecretsManagerClient(CLIENT);
const names = { pseudonyms: environment.PSEUDONYM_SECRET };
const keysOf = secretsReader({ client: secrets, names, decode: pseudonymKey, stages: NEWEST, now: Date.now, log });
const digest = digestUnder(() => keysOf('pseudonyms'));
const mirrors = mirrorMarks({ client, queueUrls: environment.MARKS_QUEUES, digest });

/** The operations queue's worker: applies what the doors accepted, and tells the mirrors what was applied. */
export const handler = sqsDoor({
  stage: 'apply',
  settle: async (deliveries) => {
    const pseudonymOf = await pseudonymsUnder(digest);
    const ports = { apply: (all: readonly Operation[]) => applyAll(registry, all), park, mirrors, pseudonymOf };
    return applyMessages(
      ports,
      deliveries.map(({ body }) => body),
    );
  },
  client,
  queueUrls: [environment.OPERATIONS_QUEUE_URL],
  longestWaitS: 30,
  log,
  // What is parked is what somebody looks for.
  isRoutine: ({ kind, parked }) => kind === 'done' && parked === 0,
});
