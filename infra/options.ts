import type { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { ENCRYPTIONS } from './encryption.ts';
import { FRONTS } from './http-api.ts';

const oneOf = (names: readonly string[]) => `is ${names.map((name) => `"${name}"`).join(' or ')}`;

/** What `cdk` takes as `-c name=value`. The command line makes texts of all values. */
const Options = z.object({
  /** Part of the stack's name. */
  stage: z
    .string('is a text')
    .regex(/^[a-z][a-z0-9-]{0,19}$/, 'is 1 to 20 lower-case letters, digits or "-", a letter first')
    .default('dev'),
  front: z.enum(FRONTS, oneOf(FRONTS)).default('http-api'),
  encryption: z.enum(ENCRYPTIONS, oneOf(ENCRYPTIONS)).default('aws'),
  restoredTable: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{3,255}$/, 'is the name of a table')
    .optional(),
  alarmEmail: z.email('is an e-mail address').optional(),
  doorConcurrency: z.coerce.number('is a number').int('is whole').min(1, 'is 1 or more').optional(),
});
export type Options = z.infer<typeof Options>;

export const OPTION_NAMES = Object.keys(Options.shape);

/** Reads the options. Every problem is one line. */
export function readOptions(app: App): { options: Options } | { problems: string[] } {
  const given = OPTION_NAMES.map((name) => [name, app.node.tryGetContext(name)]);
  const result = Options.safeParse(Object.fromEntries(given));
  if (result.success) return { options: result.data };
  return { problems: result.error.issues.map(({ path, message }) => `-c ${path.join('.')}: ${message}`) };
}
