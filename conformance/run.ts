import { command, runCommand } from '../cli/command.ts';
import { UserError } from '../local/user-error.ts';
import { apiAt } from './api.ts';
import { type CommandLine, commandLineOf, OPTIONS } from './command-line.ts';
import { type Judgement, judgements, settingOf } from './judgement.ts';
import { count, jsonOf, lineOf, summaryOf } from './report.ts';
import { RULES } from './rules.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);

/** Judges every rule and prints the verdicts. Returns the number of rules that do not hold. */
async function run({ target, isDocumentedOnly, isJson }: CommandLine): Promise<number> {
  const api = apiAt(target);
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

const conformance = command({
  name: 'conformance',
  usage: 'npm run conformance -- --url URL --app ID --secret SECRET --dialect xg|tpns',
  about:
    'Tests an Account API over HTTP against the contract in docs/account-api.md, rule by rule. It uses made-up tokens and accounts and does not delete them. Exit code 1: a rule does not hold. Exit code 2: the API cannot be reached. Hosted XG and TPNS bind only tokens that a device has registered, so the rules that bind do not hold there.',
  options: OPTIONS,
  run: async ({ values }) => ((await run(commandLineOf(values))) === 0 ? 0 : 1),
});

await runCommand(async (terminal) => {
  try {
    return await conformance(terminal);
  } catch (error) {
    terminal.warn(error instanceof UserError ? error.message : error instanceof Error ? `${error.stack}` : `${error}`);
    return 2;
  }
});
