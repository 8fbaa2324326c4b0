import { UserError } from '../local/user-error.ts';
import { ask, QUESTION_OPTIONS, type QueryAnswer, questionIn } from './account-query.ts';
import { argumentsOf, runCommand } from './command.ts';
import { printable } from './dlq/block.ts';
import { hostedSpeaker, speakersOf } from './speakers.ts';
import { tableOf } from './table.ts';
import { TARGET_HELP, TARGET_OPTIONS, targetOf } from './target.ts';

const HELP = `npm run query -- --account A | --token T [options]

Asks who is bound to what: the tokens of an account, or the accounts of a token.

  --account A     the account
  --account-type N
  --token T       the token
  --app ID        the app; without it, every app of the local instance
  --dialect D     xg or tpns: whose spelling the app uses (its own, as bindery.json has it)
  --hosted        asks the hosted side in place of Bindery, where the instance was started with --mirror
${TARGET_HELP}`;

const OPTIONS = {
  ...QUESTION_OPTIONS,
  ...TARGET_OPTIONS,
  app: { type: 'string' },
  dialect: { type: 'string' },
  hosted: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const failureLine = ({ app, status, reply }: QueryAnswer): string =>
  status === undefined ? `${app}: ${reply}` : `${app}: HTTP ${status}: ${printable(JSON.stringify(reply))}`;

await runCommand(async () => {
  const { values } = argumentsOf({ options: OPTIONS });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const question = questionIn(values);
  const target = await targetOf(values);
  const asked = values.hosted
    ? [hostedSpeaker(values, target)]
    : speakersOf(values, target).map((speaker) => ({ url: target.url, speaker }));
  const answers = await Promise.all(asked.map(({ url, speaker }) => ask(url, speaker, question)));
  const lines = values.json
    ? answers.map(({ app, status, reply }) => JSON.stringify({ app, status, reply }))
    : tableOf(question, answers);
  for (const line of lines) process.stdout.write(`${line}\n`);
  const failures = answers.filter(({ found }) => found === undefined);
  if (failures.length > 0) throw new UserError(...failures.map(failureLine));
});
