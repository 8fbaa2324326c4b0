import * as z from 'zod/mini';
import { App, AppId, Configuration } from '../core/configuration.ts';

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

const json = <T extends z.ZodMiniType>(schema: T) => z.pipe(Json, schema);

/** Where to read each credential: its id, and the name or ARN of its secret. */
const SecretNames = json(z.record(z.string(), z.string().check(z.minLength(1))));

const onRegistry = { OPERATIONS_QUEUE_URL: z.url(), REGISTRY_TABLE: z.string().check(z.minLength(1)) };

/** What the function `events` needs from its environment. */
export const EventsEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(Configuration),
  SOURCE_SECRETS: SecretNames,
});

/** What the function `account-api` needs from its environment. Of the configuration it reads the apps. */
export const AccountApiEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(z.object({ apps: z.array(App).check(z.minLength(1)) })),
  APP_SECRETS: SecretNames,
});

/** What the function `apply` needs from its environment. Refused operations go to the parked queue with their reason. */
export const ApplyEnvironment = z.object({
  ...onRegistry,
  PARKED_QUEUE_URL: z.url(),
  PSEUDONYM_SECRET: z.string().check(z.minLength(1)),
  /** Where the mirror of each app with one hears what was applied. */
  MARKS_QUEUES: json(z.record(AppId, z.url())),
});

/** A mirror: its app, its queues, and the secret that holds the hosted side's own secret key. */
const MirrorSite = z.object({ app: App, marks: z.url(), checks: z.url(), secret: z.string().check(z.minLength(1)) });
export type MirrorSite = z.infer<typeof MirrorSite>;

/** What the functions `mirror` and `verify` need from their environment. */
export const MirrorEnvironment = z.object({
  REGISTRY_TABLE: z.string().check(z.minLength(1)),
  PSEUDONYM_SECRET: z.string().check(z.minLength(1)),
  MIRRORS: json(z.array(MirrorSite)),
});

/** What the function `sweep` needs from its environment. */
export const SweepEnvironment = z.object({
  REGISTRY_TABLE: z.string().check(z.minLength(1)),
  /** Where the tokens of each app with a mirror are compared. */
  CHECKS_QUEUES: json(z.record(AppId, z.url())),
});

/** The variables, as text, that an environment schema reads: what whoever sets them must set. */
export type VariablesOf<S extends z.ZodMiniObject> = { [K in keyof S['shape']]: string };

/** Reads the environment or stops the cold start, naming every variable that is missing or wrong. Values are not shown. */
export function readEnvironment<S extends z.ZodMiniObject>(schema: S): z.infer<S> {
  const result = z.safeParse(schema, process.env);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the environment is not complete: ${issues.join('; ')}`);
}
