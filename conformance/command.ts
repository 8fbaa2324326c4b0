import * as z from 'zod';
import { type Command, command, type Options, type Terminal, type Values } from '../cli/command.ts';
import { secretIn } from '../cli/secret.ts';
import { messageOf, UserError } from '../local/user-error.ts';
import { apiAt, type Target } from './api.ts';
import { type Judgement, judgements, settingOf } from './judgement.ts';
import { refusedCredential } from './refusal.ts';
import { count, jsonOf, lineOf, summaryOf } from './report.ts';
import { RULES } from './rules.ts';

const OPTIONS = {
  url: { value: 'URL', help: 'address of the Account API' },
  app: { value: 'ID', help: 'the app that calls it' },
  secret: { value: 'SECRET', help: 'secret of the app; @FILE reads it from a file. Default: BINDERY_SECRET' },
  dialect: { value: 'xg|tpns', help: 'dialect of the API' },
  auth: { value: 'basic|sign', default: 'basic', help: 'authentication of requests' },
  platform: { value: 'NAME', help: 'sent with every request; hosted XG requires it. Default: none' },
  'wait-ms': {
    value: 'N',
    default: '15000',
    help: 'longest time until an effect is visible: hosted APIs answer before they work',
  },
  'pace-ms': { value: 'N', default: '0', help: 'pause before each request' },
  documented: {
    help: "only rules from the XG and TPNS documents, and only as far as these say: any refusal is one, replies may have more keys. Default: all rules, with Bindery's own",
  },
  json: { help: 'print one line of JSON instead of the table' },
} as const satisfies Options;

const Numeral = z
  .string()
  .regex(/^\d{1,6}$/, 'is a number of milliseconds')
  .transform(Number);

const Parsed = z.object({
  url: z.url({ protocol: /^https?$/, error: 'is an http or https URL' }),
  app: z.string('is missing').min(1, 'is empty'),
  secret: z.string({ error: 'is missing, and BINDERY_SECRET too' }).min(1),
  dialect: z.enum(['xg', 'tpns'], 'is xg or tpns'),
  auth: z.enum(['basic', 'sign'], 'is basic or sign'),
  platform: z.string().optional(),
  'wait-ms': Numeral,
  'pace-ms': Numeral,
  documented: z.boolean().default(false),
  json: z.boolean().default(false),
});

type CommandLine = { readonly target: Target; readonly isDocumentedOnly: boolean; readonly isJson: boolean };

/** Returns the parsed options. An error does not show the secret. */
function commandLineOf(values: Values<typeof OPTIONS>, { environment }: Terminal): CommandLine {
  const result = Parsed.safeParse({ ...values, secret: secretIn(values.secret) ?? environment['BINDERY_SECRET'] });
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`);
    throw new UserError(...lines, 'Run with --help.');
  }
  const { url, app, secret, dialect, auth: authentication, platform, documented, json, ...ms } = result.data;
  const patience = { waitMs: ms['wait-ms'], paceMs: ms['pace-ms'] };
  const target = { url, app, secret, dialect, authentication, platform, ...patience };
  return { target, isDocumentedOnly: documented, isJson: json };
}

/** Judges every rule and prints the verdicts. Returns the number of rules that do not hold. */
async function judge({ target, isDocumentedOnly, isJson }: CommandLine, { print }: Terminal): Promise<number> {
  const api = apiAt({ ...target, isDocumentedOnly });
  const refusal = await refusedCredential(api).catch((error) => {
    throw new UserError(`${target.url} cannot be reached: ${messageOf(error)}`);
  });
  if (refusal !== undefined)
    throw new UserError(`the API refuses the credential (${refusal}): check --app, --secret, --auth and --dialect`);
  const setting = await settingOf(api);
  const rules = RULES.filter(({ from }) => from === 'document' || !isDocumentedOnly);
  const all: Judgement[] = [];
  for await (const judgement of judgements(api, setting, rules)) {
    all.push(judgement);
    if (!isJson) print(lineOf(judgement));
  }
  print(isJson ? jsonOf(setting, all) : `\n${summaryOf(setting, all)}`);
  return count(all, 'does not hold');
}

const judged = command({
  name: 'conformance',
  usage: 'bindery conformance --url URL --app ID --secret @FILE --dialect xg|tpns',
  about:
    'Tests an Account API over HTTP against the contract in docs/account-api.md, rule by rule. It uses made-up tokens and accounts and does not delete them. Exit code 1: a rule does not hold. Exit code 2: the API cannot be reached, or refuses the credential. Hosted XG and TPNS bind only tokens that a device has registered, so the rules that bind do not hold there.',
  options: OPTIONS,
  examples: [
    'bindery conformance --url http://127.0.0.1:8787 --app xg-android --secret @secret.txt --dialect xg',
    'bindery conformance --url https://api.example.com --app 1500001 --secret @secret.txt --dialect tpns --documented',
  ],
  run: async ({ values }, terminal) => ((await judge(commandLineOf(values, terminal), terminal)) === 0 ? 0 : 1),
});

/** Exits with 2 if the API cannot be judged, so that 1 always means that a rule does not hold. */
export const conformance: Command = async (terminal) => {
  try {
    return await judged(terminal);
  } catch (error) {
    terminal.warn(error instanceof UserError ? error.message : error instanceof Error ? `${error.stack}` : `${error}`);
    return 2;
  }
};
