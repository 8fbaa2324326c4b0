/**
 * The value from which each alarm goes off (infra/monitoring/alarms.ts, mirror-alarms.ts). Percentages are of the requests
 * of five minutes. docs/operations/alarms.md names these numbers, and a test compares it with them.
 */
export const THRESHOLDS = {
  /**
   * Parked operations, unusable secrets, function errors; of a mirror: stopped, drift, dead letters. Each single case needs
   * an operator.
   */
  single: 1,

  /** Failing operations: from acceptance to the latest failed try (s). The first eight tries take about as long. */
  failingS: 300,

  /** Operations not received: age of the oldest one on the queue (s). A healthy worker receives each within seconds. */
  oldestS: 300,

  /** Checks not received: age of the oldest check (s). A check may be delayed by a quarter of an hour on purpose. */
  oldestCheckS: 3600,

  /** Clocks disagree: removals in an hour that left a later bind standing. A late or repeated event makes single ones. */
  supersededRemovals: 10,

  /** Requests answered with errors (5xx). Below this the senders' retries are enough. */
  failuresPercent: 1,

  /** Effect later than a second: requests that are durable, but not applied within the second of the door. */
  latePercent: 5,

  /** Events in effect late: from the event to its effect, the 99th percentile (s). It includes the sender's own delay. */
  eventToEffectS: 60,

  /** Refused signatures: requests that are not signed or not authenticated. */
  refusedPercent: 20,
  /** With fewer refused requests than this the alarm stays off: every public URL gets some. */
  refusedAtLeast: 10,

  /** Throttled requests: rejected by Lambda or by the HTTP API in five minutes. Retries cover fewer. */
  throttled: 20,

  /** Mirror behind: age of the oldest dirty mark (s). Retries cover shorter outages of a hosted API. */
  behindS: 900,

  /** Failing verifications: checks after a push that find a token different. */
  differentPercent: 25,
  /** With fewer different tokens than this the alarm stays off: the percentage means nothing yet. */
  differentAtLeast: 20,

  /** Dropped tokens: rejected by the hosted API in an hour. The dashboard alone shows fewer. */
  droppedAtLeast: 10,
} as const;
