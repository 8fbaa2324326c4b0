import * as z from 'zod';
import { nearestName } from './nearest-name.ts';
import { EVENT_SOURCE } from './settings.ts';

/** `http-api`: one URL with a throttle and an access log. `function-url`: a URL for each door, free, without these. */
const FRONTS = ['http-api', 'function-url'] as const;

/** `aws`: keys that AWS owns, at no cost. `kms`: one key of the account for all stored data. */
const ENCRYPTIONS = ['aws', 'kms'] as const;

/** Periods that CloudWatch Logs offers (days). */
const RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const Count = z.int('must be a whole number').min(1, 'must be 1 or more');

const arn = (service: string, resource: RegExp) =>
  z
    .string()
    .regex(
      new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:\\d{12}:${resource.source}$`),
      `must be a whole ARN of ${service}`,
    );
const SecretArn = arn('secretsmanager', /secret:[\w/+=.@-]+-[A-Za-z0-9]{6}/);

const oneOf = (names: readonly (string | number)[]) => ({
  error: `must be ${names.map((name) => JSON.stringify(name)).join(' or ')}`,
});

/** Objects of `stages`, which refuse an unknown key with the nearest known one. */
const options = <S extends z.core.$ZodShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknown(issue['keys'], Object.keys(shape)) : 'must be an object',
  });

const unknown = (keys: unknown, known: readonly string[]): string =>
  [keys]
    .flat()
    .map((key) => {
      const nearest = nearestName(`${key}`, known);
      return `there is no "${key}"${nearest ? `: did you mean "${nearest}"?` : `, only ${known.join(', ')}`}`;
    })
    .join('; ');

/**
 * The options of a stage, in a file that is committed: an option that one deployment forgets would move the data, silence
 * the alarms or change the URLs. The defaults of numbers follow from each other, see infra/settings.ts.
 */
export const Stage = options({
  front: z.enum(FRONTS, oneOf(FRONTS)).default('http-api'),
  encryption: z.enum(ENCRYPTIONS, oneOf(ENCRYPTIONS)).default('aws'),
  /**
   * KMS keys that the functions may use too: the key of before `encryption` became `aws`, which messages on the queues are
   * still encrypted with, or the key of a secret in `secretArns`.
   */
  keyArns: z.array(arn('kms', /key\/[\w-]+/)).default([]),
  /** Address that gets a mail when an alarm goes off and when it is over. Default: none. */
  alarmEmail: z.email('must be an e-mail address').optional(),
  /** After a restore: the table to use instead of the stack's own, which stays (docs/operations/restore.md). Default: none. */
  restoredTable: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{3,255}$/, 'must be the name of a table')
    .optional(),
  /**
   * Executions reserved for each HTTP door, which are also its maximum. AWS takes them from the account's, and refuses a
   * reservation that leaves too few for the rest; a new account has ten. Default: none.
   */
  doorConcurrency: Count.optional(),
  /** The most executions of `apply` at once. SQS allows 2 to 1,000. */
  maxConcurrency: z
    .int('must be a whole number')
    .min(2, 'must be 2 or more')
    .max(1000, 'must be 1000 or less')
    .default(EVENT_SOURCE.maxConcurrency),
  /**
   * Requests a second that the HTTP API passes, for each route: a flood on one of them leaves the others open. At worst a
   * request occupies a door for the second that it may wait. So together they take 940 of the 1,000 concurrent executions
   * of an account (the default) and leave the rest to `apply`. They also bound the bill of a flood. `other` is for
   * `/v3/{proxy+}` and for every other path, for each of the two. If an app has requests passed on, `/v3/{proxy+}` has
   * the limit of batchoperate instead. `devices` and `resolve` are for each of the paths of their doors. If these
   * are deployed, the default of `events` gives them their share (`eventsPerS`).
   */
  throttle: options({
    events: Count.optional(),
    batchoperate: Count.default(200),
    query: Count.default(200),
    devices: Count.default(100),
    resolve: Count.default(50),
    other: Count.default(20),
  }).prefault({}),
  /** Days. By default logs outlive every parked operation (14 days): the next longer retention that CloudWatch offers. */
  logRetentionDays: z.literal(RETENTIONS, oneOf(RETENTIONS)).default(30),
  /** Reads and writes a second that the table is prepared for, before a day of many. Default: AWS's own. */
  warmThroughput: options({
    reads: Count.min(12_000, 'must be 12000 or more'),
    writes: Count.min(4_000, 'must be 4000 or more'),
  }).optional(),
  /**
   * Existing secrets by the id of an app, a source or a reader, to use instead of generated ones: of an app that was removed
   * and added again, or of a team that moves with its key. Default: none.
   */
  secretArns: options({
    apps: z.record(z.string(), SecretArn).default({}),
    sources: z.record(z.string(), SecretArn).default({}),
    readers: z.record(z.string(), SecretArn).default({}),
  }).prefault({}),
});
export type Stage = z.infer<typeof Stage>;

/** The default limit of `events`: 500 requests a second, less those of the paths of each door deployed besides. */
export const eventsPerS = (doors: readonly string[]): number =>
  500 - (doors.includes('devices') ? 2 * 100 : 0) - (doors.includes('resolve') ? 3 * 50 : 0);

const STAGE_NAME = 'a stage is 1 to 20 lower-case letters, digits or "-", and starts with a letter';

/** `stages` in bindery.json: options by the name of the stage, which is a part of the stack's name. */
export const Stages = z.record(z.string().regex(/^[a-z][a-z0-9-]{0,19}$/), Stage, {
  error: (issue) => (issue.code === 'invalid_key' ? STAGE_NAME : 'must be an object'),
});
export type Stages = z.infer<typeof Stages>;

/** The stage of a deployment that names none. */
export const DEFAULT_STAGE = 'dev';

/** Returns the options of a stage; a problem if the file does not name it. */
export const stageIn = (stages: Stages, name: string): { options: Stage } | { problem: string } => {
  const options = Object.hasOwn(stages, name) ? stages[name] : undefined;
  if (options !== undefined) return { options };
  const names = Object.keys(stages);
  const nearest = nearestName(name, names);
  return {
    problem: `there is no stage "${name}"${nearest ? `, did you mean "${nearest}"?` : ''}: bindery.json has ${names.map((one) => `"${one}"`).join(', ') || 'none'} in "stages", and -c stage= chooses`,
  };
};
