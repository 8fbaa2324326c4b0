import { type Configuration, MIRROR_EXECUTIONS } from '../functions/core/configuration.ts';

/**
 * The numbers and names that the deployed stack and the local one share. Both are made from this file, and a test
 * compares the template with what the local servers report.
 */

/** The deployed functions, each the file of that name in `functions/`. */
export type Door = HttpDoor | 'apply' | MirrorDoor | 'sweep';

/** Those that answer HTTP requests. */
export type HttpDoor = 'events' | 'account-api';

/** Those that are there only where some app has a mirror. */
export type MirrorDoor = 'mirror' | 'verify';

/** Paths and the function that answers there, whatever the method: a wrong one is answered 405, which a gateway can't. */
export const ROUTES: readonly { path: string; door: HttpDoor }[] = [
  { path: '/events/{source}', door: 'events' },
  { path: '/v3/device/account/batchoperate', door: 'account-api' },
  { path: '/v3/device/account/query', door: 'account-api' },
];

/** Names of the table's attributes that the store and DynamoDB must agree on. `expires` is in seconds since 1970. */
export const TABLE = { partitionKey: 'pk', sortKey: 'sk', expiry: 'expires' } as const;

/**
 * Seconds a function may take. A door that has to wait for a secret, the queue and the table, two tries of 2 s each, and
 * then the second an operation may take to be in effect, still gives its own answer. The mirror's functions begin no
 * call to the hosted side after 15 s, and one takes 5 s at most. `sweep` goes on where its last run ended.
 */
export const TIMEOUT_S: Readonly<Record<Door, number>> = {
  events: 10,
  'account-api': 15,
  apply: 10,
  mirror: 30,
  verify: 30,
  sweep: 300,
};

/**
 * Memory in MB, and with it the processor: Lambda gives one vCPU with 1,769 MB. Loading the AWS SDK and zod is the heavy
 * part, about 0.15 s of a whole vCPU; less memory makes every cold start slower and, by the second, no cheaper.
 */
export const MEMORY_MB: Readonly<Record<Door, number>> = {
  events: 512,
  'account-api': 512,
  apply: 512,
  mirror: 512,
  verify: 512,
  sweep: 512,
};

/**
 * What the HTTP API lets through. At worst a request keeps a door for the second it may wait, so this rate takes half of
 * the 1,000 executions an account may run at once by default and leaves `apply` the other half. It also bounds the bill
 * of a flood. The burst is one second's worth.
 */
export const THROTTLE = { ratePerS: 500, burst: 500 } as const;

/** Logs expire, but not before the longest-parked operation does: the next longer retention that CloudWatch offers. */
export const LOG_RETENTION_DAYS = 30;

const DAY_S = 86_400;

/** How long Lambda gathers operations for `apply` (s), where nobody waits for it. */
const OPERATIONS_WINDOW_S = 1;

export const OPERATIONS_QUEUE = {
  // Six times the function's timeout and the window, as AWS asks of queues that feed a function.
  visibilityS: 6 * TIMEOUT_S.apply + OPERATIONS_WINDOW_S,
  // The longest SQS keeps a message.
  retentionS: 14 * DAY_S,
  // Throttled invocations count as receives too: with the backoff this is some minutes of trouble before a message is set aside.
  maxReceiveCount: 12,
} as const;

/** Dead letters and parked operations: kept as long as SQS can. */
export const PARKED_QUEUE = { retentionS: 14 * DAY_S } as const;

/** How Lambda feeds a queue to a function: messages at a time, seconds to wait for more, executions at once. */
export type Feed = { readonly batchSize: number; readonly windowS?: number; readonly maxConcurrency: number };

/** The numbers of a queue that feeds a function. */
export type QueueNumbers = {
  readonly visibilityS: number;
  readonly retentionS: number;
  readonly maxReceiveCount: number;
  readonly feed: Feed;
};

/**
 * A message for the hosted side is tried for as long as SQS can count. While a hosted side is away every message that
 * waits for it fails, with a wait of 2.5 minutes between two tries on average, 7.5 where it refuses the credential
 * (functions/mirror.ts, functions/mirror/calls.ts): about 580 tries a day. Twelve, as for operations, would make
 * dead letters of everything within half an hour.
 */
const OUTAGE_RECEIVES = 1000;

/** The marks of one mirror. FIFO queues have no batching window. */
export const MARKS_QUEUE: QueueNumbers = {
  visibilityS: 6 * TIMEOUT_S.mirror,
  retentionS: 14 * DAY_S,
  maxReceiveCount: OUTAGE_RECEIVES,
  feed: { batchSize: 10, maxConcurrency: MIRROR_EXECUTIONS },
};

const CHECKS_WINDOW_S = 5;

/** The checks of one mirror. They wait a minute anyway; some seconds more let those of many messages be one query. */
export const CHECKS_QUEUE: QueueNumbers = {
  visibilityS: 6 * TIMEOUT_S.verify + CHECKS_WINDOW_S,
  retentionS: 14 * DAY_S,
  maxReceiveCount: OUTAGE_RECEIVES,
  feed: { batchSize: 50, windowS: CHECKS_WINDOW_S, maxConcurrency: MIRROR_EXECUTIONS },
};

/** Dead letters of a mirror: kept as long as SQS can. */
export const DEAD_LETTERS = { retentionS: 14 * DAY_S } as const;

/** Minutes between two runs of `sweep`. Each goes on where the last one ended; a whole pass takes a day. */
export const SWEEP_EVERY_MINUTES = 60;

/** With a key of the account's own: how long SQS uses a data key before it asks KMS, and is billed, for another one. */
export const KEY_REUSE_S = 3600;

/** How Lambda feeds the operations queue to `apply`. */
export const EVENT_SOURCE = { batchSize: 10, maxConcurrency: 20 } as const satisfies Feed;

/**
 * The same for the apps of a configuration. Where none has a mirror, nobody waits for `apply`: what was answered 200 is in
 * effect, what was answered 202 can wait a second more, and ten messages cost what one does. A mirror is told by `apply`,
 * and each removal would reach the hosted side later.
 */
export const operationsFeed = (apps: Configuration['apps']): Feed =>
  apps.some(({ mirror }) => mirror !== undefined) ? EVENT_SOURCE : { ...EVENT_SOURCE, windowS: OPERATIONS_WINDOW_S };

/** When an alarm goes off (infra/monitoring/alarms.ts). Shares are of the requests of five minutes. */
export const ALARMS = {
  /** Age of the oldest operation on the queue: well past every wait of a single failure, far from anything's expiry. */
  oldestS: 300,
  /** Answered 5xx. */
  failuresPercent: 1,
  /** Accepted, but not in effect within the second. */
  latePercent: 5,
  /** From when an event happened to its effect, the slowest one in a hundred: the sender's own delay is in it. */
  eventToEffectS: 60,
  /** Not signed or not authenticated; fewer than `refusedAtLeast` are what any public URL sees. */
  refusedPercent: 20,
  refusedAtLeast: 10,
  /** Turned away by Lambda or by the HTTP API in five minutes. */
  throttled: 20,
  /** Age of the oldest mark of a mirror: a quarter of an hour behind. */
  behindS: 900,
  /** Verifications of a push that find something else; fewer than `differentAtLeast` say nothing. */
  differentPercent: 25,
  differentAtLeast: 20,
  /** Tokens in an hour that the hosted side does not take. */
  droppedAtLeast: 10,
} as const;
