import type { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { ENCRYPTIONS } from './encryption.ts';
import { FRONTS } from './front.ts';

const oneOf = (names: readonly string[]) => `must be ${names.map((name) => `"${name}"`).join(' or ')}`;

/** Options of the stack, given to `cdk` as `-c name=value`. The command line makes a text of every value. */
const Options = z.object({
  /** Part of the stack's name. */
  stage: z
    .string('must be a text')
    .regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be 1 to 20 lower-case letters, digits or "-", and start with a letter')
    .default('dev'),
  front: z.enum(FRONTS, oneOf(FRONTS)).default('http-api'),
  encryption: z.enum(ENCRYPTIONS, oneOf(ENCRYPTIONS)).default('aws'),
  restoredTable: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{3,255}$/, 'must be the name of a table')
    .optional(),
  alarmEmail: z.email('must be an e-mail address').optional(),
  doorConcurrency: z.coerce
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .optional(),
});
export type Options = z.infer<typeof Options>;

export const OPTION_NAMES = Object.keys(Options.shape);

/** Reads the options. Returns them, or a line for each problem. */
export function readOptions(app: App): { options: Options } | { problems: string[] } {
  const given = OPTION_NAMES.map((name) => [name, app.node.tryGetContext(name)]);
  const result = Options.safeParse(Object.fromEntries(given));
  if (result.success) return { options: result.data };
  return { problems: result.error.issues.map(({ path, message }) => `-c ${path.join('.')}: ${message}`) };
}
