import * as z from 'zod/mini';
import { App, AppId, Source } from '../core/configuration.ts';

/** All variables, with those that Lambda sets, such as credentials. Read one where and when it is used. */
export const ENVIRONMENT = process.env;

/**
 * When Lambda ends the current invocation (ms since 1970). A function has one at a time; every door notes it. In virtual
 * time there is no end: without a remaining time middy sets no timer of real time either.
 */
export const INVOCATION = { endsMs: Number.POSITIVE_INFINITY };

const Json = z.pipe(
  z.string(),
  z.transform((text, { issues }): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      issues.push({ code: 'custom', input: text, message: 'is not JSON' });
      return z.NEVER;
    }
  }),
);

export const json = <T extends z.ZodMiniType>(schema: T) => z.pipe(Json, schema);

/** The name or ARN of each credential's secret, by the credential's id. */
export const SecretNames = json(z.record(z.string(), z.string().check(z.minLength(1))));

export const onRegistry = { OPERATIONS_QUEUE_URL: z.url(), REGISTRY_TABLE: z.string().check(z.minLength(1)) };

/** The environment of the function `events`. */
export const EventsEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App), sources: z.array(Source) })),
  SOURCE_SECRETS: SecretNames,
});

/** The environment of the function `intake`. Messages that are refused go to the dead letters of their source. */
export const IntakeEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App), sources: z.array(Source) })),
  /** The queues of each source. */
  SOURCE_QUEUES: json(z.record(z.string(), z.object({ queue: z.url(), dead: z.url() }))),
});

/** The environment of the function `account-api`. It reads only the apps of the configuration. */
export const AccountApiEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App).check(z.minLength(1)) })),
  APP_SECRETS: SecretNames,
});

/** The ledger's table, and for how long it answers (days); null if there is none. */
export const HistoryVariable = json(z.nullable(z.object({ table: z.string().check(z.minLength(1)), days: z.int() })));

/** The environment of the function `apply`. Refused operations go to the parked queue with their reason. */
export const ApplyEnvironment = z.object({
  ...onRegistry,
  PARKED_QUEUE_URL: z.url(),
  PSEUDONYM_SECRET: z.string().check(z.minLength(1)),
  /** The queue for dirty marks of each app with a mirror. */
  MARKS_QUEUES: json(z.record(AppId, z.url())),
  HISTORY: HistoryVariable,
});

/** A mirror: its app, its queues, and the name of the secret with the hosted API's secret key. */
const MirrorSite = z.object({ app: App, marks: z.url(), checks: z.url(), secret: z.string().check(z.minLength(1)) });

/** The environment of the functions `mirror` and `verify`. */
export const MirrorEnvironment = z.object({
  REGISTRY_TABLE: z.string().check(z.minLength(1)),
  PSEUDONYM_SECRET: z.string().check(z.minLength(1)),
  MIRRORS: json(z.array(MirrorSite)),
});

/** The environment of the function `sweep`. */
export const SweepEnvironment = z.object({
  REGISTRY_TABLE: z.string().check(z.minLength(1)),
  /** The queue for checks of each app with a mirror. */
  CHECKS_QUEUES: json(z.record(AppId, z.url())),
  HISTORY: HistoryVariable,
});

/** The variables that an environment schema reads, as text: the deployment must set all of them. */
export type VariablesOf<S extends z.ZodMiniObject> = { [K in keyof S['shape']]: string };

/** Reads the environment. Throws, and so stops the cold start, with the names of missing or wrong variables; never values. */
export function readEnvironment<S extends z.ZodMiniObject>(schema: S): z.infer<S> {
  const result = z.safeParse(schema, ENVIRONMENT);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`wrong environment variables: ${issues.join('; ')}`);
}
