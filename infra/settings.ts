import type { Configuration } from '../functions/core/bindery-json.ts';
import { MIRROR_EXECUTIONS } from '../functions/core/configuration.ts';

/**
 * The numbers and names that the deployed stack and the local servers share. A test compares the template with the
 * attributes that the local servers report. The thresholds of alarms are in infra/monitoring/thresholds.ts, the numbers
 * that a stage may change in infra/stages.ts.
 */

/** The deployed functions. Each is the file of that name in `functions/`. */
export type Door = HttpDoor | 'apply' | 'intake' | MirrorDoor | 'sweep';

/** Functions that answer HTTP requests. */
export type HttpDoor = FixedDoor | DeviceDoor;

/** HTTP functions that every stack has. */
export type FixedDoor = 'events' | 'account-api';

/** HTTP functions that are deployed only if the configuration has clients for them: phones, and senders of messages. */
export type DeviceDoor = 'devices' | 'resolve';

/** Functions that are deployed only if an app has a mirror. */
export type MirrorDoor = 'mirror' | 'verify';

/**
 * Paths and the function that answers there, for every method: the function answers 405 to a wrong one, a gateway cannot.
 * `throttle` names the limit of the route in the options of a stage.
 */
export const ROUTES = [
  { path: '/events/{source}', door: 'events', throttle: 'events' },
  { path: '/v3/device/account/batchoperate', door: 'account-api', throttle: 'batchoperate' },
  { path: '/v3/device/account/query', door: 'account-api', throttle: 'query' },
  { path: '/devices/{app}/sign-in', door: 'devices', throttle: 'devices' },
  { path: '/devices/{app}/sign-out', door: 'devices', throttle: 'devices' },
  { path: '/v1/resolve', door: 'resolve', throttle: 'resolve' },
  { path: '/v1/devices', door: 'resolve', throttle: 'resolve' },
  { path: '/v1/operations/{id}', door: 'resolve', throttle: 'resolve' },
] as const satisfies readonly { path: string; door: HttpDoor; throttle: string }[];

/** The route of requests that go on to an app's hosted API. It has this limit only if an app has them passed on. */
export const PASSING_ROUTE = { path: '/v3/{proxy+}', door: 'account-api', throttle: 'batchoperate' } as const;

/** The door that answers all other paths in its own words, under the limit `other`. It also collapses slashes. */
export const OTHER_ROUTES = [PASSING_ROUTE, { path: '$default', door: 'events' }] as const;

/** The version of the CDK's bootstrap stack that a deployment needs. A test compares it with the CDK's own. */
export const BOOTSTRAP_VERSION = 6;

/** Names of the table's attributes that the store and DynamoDB must agree on. `expires` is in seconds since 1970. */
export const TABLE = { partitionKey: 'pk', sortKey: 'sk', expiry: 'expires' } as const;

/**
 * Seconds a function may take. An HTTP door gives its own answer though every service is slow: a call ends after 4.1 s,
 * two tries of 2 s each and a pause. `events` waits 4.6 s for two versions of its secret, a call to the queue, and one
 * second for the operation to be applied: 9.7 s. `account-api` also reads the table twice before: 17.9 s. `devices` waits
 * as long for its secrets or a provider's keys, and then for the document, pointers, and the queue: 17.9 s. `intake` waits
 * for the table, both queues, and one second for the operation: 13.3 s. `resolve`
 * waits 4.6 s for secrets, and then for pointers, documents and watermarks: 16.9 s. A known secret costs a second at most.
 * The mirror's functions begin no call to the hosted API after 15 s, and a call takes at most 5 s. `sweep` continues where
 * its last run stopped.
 */
export const TIMEOUT_S: Readonly<Record<Door, number>> = {
  events: 12,
  'account-api': 20,
  devices: 20,
  resolve: 20,
  apply: 10,
  intake: 20,
  mirror: 30,
  verify: 30,
  sweep: 300,
};

export const DOORS = Object.keys(TIMEOUT_S) as Door[]; // the keys of a record of doors

/**
 * Memory in MB, and in proportion the processor: Lambda gives one vCPU with 1,769 MB. Loading zod, Node's HTTP
 * client and, in workers, the AWS SDK takes most of a cold start, about 0.1 s of a whole vCPU. Less memory makes every cold
 * start slower and no cheaper.
 */
export const MEMORY_MB: Readonly<Record<Door, number>> = {
  events: 512,
  'account-api': 512,
  devices: 512,
  resolve: 512,
  apply: 512,
  intake: 512,
  mirror: 512,
  verify: 512,
  sweep: 512,
};

const DAY_S = 86_400;

/** The longest SQS keeps a message, for operators. */
const PARKED_S = 14 * DAY_S;

/**
 * Seconds that a queue which feeds a function keeps a message. In a standard queue a dead letter's age counts from when it
 * was first sent: an operator has at least the other week to redrive it. What `apply` parks is sent anew.
 */
const FEEDING_S = 7 * DAY_S;

/**
 * The largest count of receives that SQS allows. While a table or a hosted API is down, every message for it fails again
 * and again: on average a try every 2.5 minutes, or every 7.5 if the hosted API refuses the credential
 * (functions/lambda/sqs.ts, functions/mirror/hosted.ts), so at most about 580 tries a day. Throttled invocations count
 * too. A dozen receives would be over within five minutes of an outage.
 */
const OUTAGE_RECEIVES = 1000;

/** Seconds that Lambda collects operations for `apply`, if no app has a mirror. */
const OPERATIONS_WINDOW_S = 1;

export const OPERATIONS_QUEUE = {
  // Six times the function's timeout and the window, as AWS asks of queues that feed a function.
  visibilityS: 6 * TIMEOUT_S.apply + OPERATIONS_WINDOW_S,
  retentionS: FEEDING_S,
  maxReceiveCount: OUTAGE_RECEIVES,
} as const;

/** Dead letters and parked operations. */
export const PARKED_QUEUE = { retentionS: PARKED_S } as const;

/** How Lambda feeds a queue to a function: messages at a time, seconds to wait for more (default: 0), executions at once. */
export type Feed = { readonly batchSize: number; readonly windowS?: number; readonly maxConcurrency: number };

/** The numbers of a queue that feeds a function. */
export type QueueNumbers = {
  readonly visibilityS: number;
  readonly retentionS: number;
  readonly maxReceiveCount: number;
  readonly feed: Feed;
};

/** The queue of one source on AWS. It has no window: these events are not applied yet. */
export const INTAKE_QUEUE: QueueNumbers = {
  visibilityS: 6 * TIMEOUT_S.intake,
  retentionS: FEEDING_S,
  maxReceiveCount: OUTAGE_RECEIVES,
  feed: { batchSize: 10, maxConcurrency: 10 },
};

/** The queue of dirty marks of one mirror. FIFO queues have no batching window. */
export const MARKS_QUEUE: QueueNumbers = {
  visibilityS: 6 * TIMEOUT_S.mirror,
  retentionS: FEEDING_S,
  maxReceiveCount: OUTAGE_RECEIVES,
  feed: { batchSize: 10, maxConcurrency: MIRROR_EXECUTIONS },
};

const CHECKS_WINDOW_S = 5;

/**
 * The queue of checks of one mirror. Checks wait a minute anyway; five seconds more join those of many messages in one
 * query.
 */
export const CHECKS_QUEUE: QueueNumbers = {
  visibilityS: 6 * TIMEOUT_S.verify + CHECKS_WINDOW_S,
  retentionS: FEEDING_S,
  maxReceiveCount: OUTAGE_RECEIVES,
  feed: { batchSize: 50, windowS: CHECKS_WINDOW_S, maxConcurrency: MIRROR_EXECUTIONS },
};

/** Dead letters of a mirror or a source. */
export const DEAD_LETTERS = { retentionS: PARKED_S } as const;

/** Minutes between two runs of `sweep`. Each continues where the last one stopped; a pass over the table takes a day. */
export const SWEEP_EVERY_MINUTES = 60;

/** With a key of the account: seconds that SQS uses a data key before it requests another from KMS, which AWS bills. */
export const KEY_REUSE_S = 3600;

/** How Lambda feeds the operations queue to `apply`, if an app has a mirror. */
export const EVENT_SOURCE = { batchSize: 10, maxConcurrency: 20 } as const satisfies Feed;

/**
 * Returns the feed for the apps of a configuration. Without mirrors, `apply` may wait a second to collect messages: after
 * a 200 the operation is applied already, after a 202 a second more is fine, and a batch of ten costs as much as one
 * message. With a mirror it may not: `apply` marks tokens dirty, and each removal would reach the hosted API later. The 0 is
 * written down, because a property that is left out may keep its deployed value.
 */
export const operationsFeed = (apps: Configuration['apps']): Feed => ({
  ...EVENT_SOURCE,
  windowS: apps.some(({ mirror }) => mirror !== undefined) ? 0 : OPERATIONS_WINDOW_S,
});
