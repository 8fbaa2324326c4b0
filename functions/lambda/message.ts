/** A received message. `receives` counts this delivery too: more than 1 means that an earlier one failed. */
export type Delivery = { readonly body: string; readonly receives: number };

/** A delivery with its message's id, and the name of its queue. */
export type QueueDelivery = Delivery & { readonly id: string; readonly queue: string };

/**
 * The result of a message. `done`: it leaves the queue. `retry`: it stays, and a worker gets it again after `waitMs` at
 * the earliest. All other fields go into the log; the `reason` of a retry can have it parked (functions/lambda/sqs.ts).
 */
export type MessageResult = {
  readonly kind: 'done' | 'retry';
  readonly waitMs?: number;
  readonly [field: string]: string | number | undefined;
};
