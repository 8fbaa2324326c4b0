/** A message as a worker gets it. `receives` counts this delivery: more than 1 means that an earlier one did not end well. */
export type Delivery = { readonly body: string; readonly receives: number };

/**
 * What becomes of a message: it leaves the queue, or it stays and is seen again after `waitMs` at the earliest. All
 * other fields are for the log.
 */
export type MessageResult = {
  readonly kind: 'done' | 'retry';
  readonly waitMs?: number;
  readonly [field: string]: string | number | undefined;
};
