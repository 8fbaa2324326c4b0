import { type Queue, type QueueOptions, queue } from './queue.ts';

/** A message on its way into a FIFO queue. */
export type FifoEntry = { readonly body: string; readonly group: string; readonly deduplication: string };

export type FifoQueue = Omit<Queue, 'send'> & { readonly send: (entry: FifoEntry) => void };

/** For how long a second message with the same deduplication id is taken for the first (ms). */
const DEDUPLICATION_MS = 300_000;

/**
 * A FIFO SQS queue: while a message of a group is out, no other of the group is delivered. What is sent again within five
 * minutes is accepted and never delivered, even where the first was deleted long ago.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
 */
export function fifoQueue(options: QueueOptions): FifoQueue {
  const inner = queue(options);
  const known = new Map<string, number>();
  return {
    ...inner,
    send: ({ body, group, deduplication }) => {
      if ([group, deduplication].some((id) => !/^[!-~]{1,128}$/.test(id))) throw new Error('InvalidParameterValue');
      const at = known.get(deduplication);
      if (at !== undefined && options.now() - at < DEDUPLICATION_MS) return;
      known.set(deduplication, options.now());
      inner.send(body, 0, group);
    },
  };
}
