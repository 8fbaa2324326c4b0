import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { Target } from './api.ts';

export const USAGE = `npm run conformance -- --url URL --app ID --secret SECRET --dialect xg|tpns

Tests an Account API over HTTP against the contract in docs/account-api.md, rule by rule. It uses made-up tokens and
accounts and does not delete them. Exit code 1: a rule does not hold. Exit code 2: the API cannot be reached. Hosted XG
and TPNS bind only tokens that a device has registered, so the rules that bind do not hold there.

  --auth basic|sign   authentication of requests. Default: basic
  --platform NAME     sent with every request; hosted XG requires it. Default: none
  --wait-ms N         longest time until an effect is visible: hosted APIs answer before they work. Default: 15000
  --pace-ms N         pause before each request. Default: 0
  --documented        only rules from the XG and TPNS documents, without Bindery's own. Default: all rules
  --json              print one line of JSON instead of the table
`;

const Numeral = z
  .string()
  .regex(/^\d{1,6}$/, 'is a number of milliseconds')
  .transform(Number);

const Values = z.object({
  url: z.url({ protocol: /^https?$/, error: 'is an http or https URL' }),
  app: z.string().min(1),
  secret: z.string().min(1),
  dialect: z.enum(['xg', 'tpns']),
  auth: z.enum(['basic', 'sign']).default('basic'),
  platform: z.string().optional(),
  'wait-ms': Numeral.default(15_000),
  'pace-ms': Numeral.default(0),
  documented: z.boolean().default(false),
  json: z.boolean().default(false),
});

export type CommandLine = { readonly target: Target; readonly isDocumentedOnly: boolean; readonly isJson: boolean };

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const OPTIONS = {
  ...{ url: text, app: text, secret: text, dialect: text, auth: text, platform: text },
  ...{ 'wait-ms': text, 'pace-ms': text, documented: flag, json: flag },
};

/** Returns the parsed command line, or its fault without showing the secret. */
export function commandLineOf(args: readonly string[]): CommandLine | { wrong: string } {
  const parsed = parsedFrom(args);
  if (parsed === undefined) return { wrong: 'there is no such option' };
  const result = Values.safeParse(parsed);
  if (!result.success)
    return { wrong: result.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n') };
  const { url, app, secret, dialect, auth: authentication, platform, documented, json, ...ms } = result.data;
  const patience = { waitMs: ms['wait-ms'], paceMs: ms['pace-ms'] };
  const target = { url, app, secret, dialect, authentication, platform, ...patience };
  return { target, isDocumentedOnly: documented, isJson: json };
}

function parsedFrom(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch {
    return undefined;
  }
}
