import * as z from 'zod';
import { Configuration } from '../core/configuration.ts';

const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** Where to read each credential: its id, and the name or ARN of its secret. */
const SecretNames = json(z.record(z.string(), z.string().min(1)));

const onRegistry = { OPERATIONS_QUEUE_URL: z.url(), REGISTRY_TABLE: z.string().min(1) };

/** What the function `events` needs from its environment. */
export const EventsEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(Configuration),
  SOURCE_SECRETS: SecretNames,
});

/** What the function `account-api` needs from its environment. */
export const AccountApiEnvironment = z.object({
  ...onRegistry,
  BINDERY_CONFIG: json(Configuration),
  APP_SECRETS: SecretNames,
});

/** What the function `apply` needs from its environment. Refused operations go to the parked queue with their reason. */
export const ApplyEnvironment = z.object({ ...onRegistry, PARKED_QUEUE_URL: z.url() });

/** The variables, as text, that an environment schema reads: what whoever sets them must set. */
export type VariablesOf<S extends z.ZodObject> = { [K in keyof S['shape']]: string };

/** Reads the environment or stops the cold start, naming every variable that is missing or wrong. Values are not shown. */
export function readEnvironment<S extends z.ZodObject>(schema: S): z.infer<S> {
  // Read once in a process: what zod would compile for the next time would be made for nothing.
  const result = schema.safeParse(process.env, { jitless: true });
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the environment is not complete: ${issues.join('; ')}`);
}
