import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { Target } from './api.ts';

export const USAGE = `npm run conformance -- --url URL --app ID --secret SECRET --dialect xg|tpns

Checks an Account API over HTTP against the contract in docs/account-api.md, rule by rule. It binds and removes tokens
and accounts with names of its own, and does not clean up after itself. Ends with 1 if a rule does not hold, with 2 if
the API cannot be asked. An API that binds only tokens which a device has registered first, as the hosted XG and TPNS
do, cannot hold the rules that bind.

  --auth basic|sign   how requests prove whose they are (basic)
  --platform NAME     goes with every request; hosted XG asks for it
  --wait-ms N         how long an effect may take to show (15000): hosted APIs answer before they work
  --pace-ms N         waited before each request (0)
  --documented        only what the XG and TPNS documents say, without what Bindery decided where they are silent
  --json              one line of JSON instead of the table
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

/** What a command line asks for, or what is wrong with it. A secret is not shown. */
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
