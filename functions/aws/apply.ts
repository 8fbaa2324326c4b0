import { SQSClient } from '@aws-sdk/client-sqs';
import { applyAll } from '../core/apply.ts';
import { ApplyEnvironment, readEnvironment } from '../lambda/environment.ts';
import { log } from '../lambda/log.ts';
import { sqsDoor } from '../lambda/sqs.ts';
import { type ApplyPorts, applyMessages } from '../operations/messages.ts';
import { awsClient } from './client.ts';
import { recording } from './history-store.ts';
import { mirrorMarks, parkedQueue, postponeIn } from './queues.ts';
import { READS, registryIn, tableNamed } from './registry-store.ts';
import { SDK_CLIENT } from './sdk.ts';
import { pseudonymDigest, pseudonymsUnder } from './secrets.ts';

/** The worker of the operations queue, as the environment of its function describes it. */
export function applyDoor() {
  const { HISTORY, ...environment } = readEnvironment(ApplyEnvironment);
  const client = new SQSClient(SDK_CLIENT);
  const registry = registryIn(tableNamed(environment.REGISTRY_TABLE), READS.apply);
  const digest = pseudonymDigest(awsClient('secretsmanager'), environment.PSEUDONYM_SECRET, log);
  const park = parkedQueue(client, environment.PARKED_QUEUE_URL);
  const ports: ApplyPorts = {
    apply: (operations, announce) =>
      applyAll(registry, operations, { announce, answers: HISTORY !== null && 'logins' }),
    park,
    mirrors: mirrorMarks({ client, queueUrls: environment.MARKS_QUEUES, digest }),
    record: HISTORY ? recording({ table: tableNamed(HISTORY.table), days: HISTORY.days, now: Date.now }) : undefined,
  };
  return sqsDoor({
    stage: 'apply',
    settle: async (deliveries) => {
      const bodies = deliveries.map(({ body }) => body);
      return applyMessages({ ...ports, pseudonymOf: await pseudonymsUnder(digest) }, bodies);
    },
    postpone: postponeIn(client, [environment.OPERATIONS_QUEUE_URL]),
    park,
    log,
    // Log each message that parked something on its own line, so that operators can find it.
    isRoutine: ({ kind, parked }) => kind === 'done' && parked === 0,
  });
}
