import { SQSClient } from '@aws-sdk/client-sqs';
import { type Dispatch, dispatcher } from '../core/dispatch.ts';
import { applyAll, type RegistryPorts } from '../core/registry.ts';
import { QUEUE_CLIENT } from './aws.ts';
import { operationsQueue } from './operations-queue.ts';

/** How long a caller waits for its operations to take effect (ms) before it is told that they are on the queue. */
const BUDGET_MS = 1_000;

/**
 * How long the queue keeps operations to itself (s): until a caller is no longer kept waiting. A worker that came at once
 * would write what is being written here, and each event would be paid for twice.
 */
const DELAY_S = Math.ceil(BUDGET_MS / 1000);

/** Sends operations to the queue and applies them here too. */
export const dispatchTo = (queueUrl: string, registry: RegistryPorts): Dispatch =>
  dispatcher({
    enqueue: operationsQueue(new SQSClient(QUEUE_CLIENT), queueUrl, DELAY_S),
    apply: (operations) => applyAll(registry, operations),
    withinBudget: async (work) => {
      const { promise: late, resolve } = Promise.withResolvers<'late'>();
      const timer = setTimeout(resolve, BUDGET_MS, 'late');
      try {
        return await Promise.race([work, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  });
