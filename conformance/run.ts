import { apiAt } from './api.ts';
import { type CommandLine, commandLineOf, USAGE } from './command-line.ts';
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

const commandLine = commandLineOf(process.argv.slice(2));
if ('wrong' in commandLine) {
  process.stderr.write(`${commandLine.wrong}\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = (await run(commandLine)) === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.name) : error}\n`);
    process.exitCode = 2;
  }
}
