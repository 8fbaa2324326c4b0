import * as z from 'zod';
import type { Options, Values } from '../cli/command.ts';
import { UserError } from '../local/user-error.ts';
import type { Target } from './api.ts';

export const OPTIONS = {
  url: { value: 'URL', help: 'address of the Account API' },
  app: { value: 'ID', help: 'the app that calls it' },
  secret: { value: 'SECRET', help: 'secret of the app' },
  dialect: { value: 'xg|tpns', help: 'dialect of the API' },
  auth: { value: 'basic|sign', default: 'basic', help: 'authentication of requests' },
  platform: { value: 'NAME', help: 'sent with every request; hosted XG requires it. Default: none' },
  'wait-ms': {
    value: 'N',
    default: '15000',
    help: 'longest time until an effect is visible: hosted APIs answer before they work',
  },
  'pace-ms': { value: 'N', default: '0', help: 'pause before each request' },
  documented: { help: "only rules from the XG and TPNS documents, without Bindery's own. Default: all rules" },
  json: { help: 'print one line of JSON instead of the table' },
} as const satisfies Options;

const Numeral = z
  .string()
  .regex(/^\d{1,6}$/, 'is a number of milliseconds')
  .transform(Number);

const Parsed = z.object({
  url: z.url({ protocol: /^https?$/, error: 'is an http or https URL' }),
  app: z.string().min(1),
  secret: z.string().min(1),
  dialect: z.enum(['xg', 'tpns']),
  auth: z.enum(['basic', 'sign']),
  platform: z.string().optional(),
  'wait-ms': Numeral,
  'pace-ms': Numeral,
  documented: z.boolean().default(false),
  json: z.boolean().default(false),
});

export type CommandLine = { readonly target: Target; readonly isDocumentedOnly: boolean; readonly isJson: boolean };

/** Returns the parsed options. An error does not show the secret. */
export function commandLineOf(values: Values<typeof OPTIONS>): CommandLine {
  const result = Parsed.safeParse(values);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`);
    throw new UserError(...lines, 'Run with --help.');
  }
  const { url, app, secret, dialect, auth: authentication, platform, documented, json, ...ms } = result.data;
  const patience = { waitMs: ms['wait-ms'], paceMs: ms['pace-ms'] };
  const target = { url, app, secret, dialect, authentication, platform, ...patience };
  return { target, isDocumentedOnly: documented, isJson: json };
}
