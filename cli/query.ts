import { UserError } from '../local/user-error.ts';
import { ask, QUESTION_OPTIONS, type QueryAnswer, questionIn, rowsOf } from './account-query.ts';
import { appCredentials, hostedCredential } from './app-credential.ts';
import { command } from './command.ts';
import { columns, printable } from './table.ts';
import { TARGET_OPTIONS, targetOf } from './target.ts';

export const query = command({
  name: 'query',
  usage: 'npm run query -- --account A | --token T [options]',
  about: 'Prints the tokens of an account, or the accounts of a token, newest binding first.',
  options: {
    ...QUESTION_OPTIONS,
    app: { value: 'ID', help: 'the app. Default: every app of the local instance' },
    dialect: { value: 'D', help: 'xg or tpns. Default: the dialect of the app in bindery.json' },
    hosted: { help: 'query the hosted API, which `npm start -- --mirror` starts, and not Bindery' },
    ...TARGET_OPTIONS,
    json: { help: 'print the reply of each app as one line of JSON' },
  },
  run: async ({ values }, terminal) => {
    const question = questionIn(values);
    const target = await targetOf(values, terminal);
    const callers = values.hosted
      ? [hostedCredential(values, target)]
      : appCredentials(values, target, terminal.folder).map((credential) => ({ url: target.url, credential }));
    const answers = await Promise.all(callers.map(({ url, credential }) => ask(url, credential, question)));
    const lines = values.json
      ? answers.map(({ app, status, reply }) => JSON.stringify({ app, status, reply }))
      : columns(rowsOf(question, answers));
    for (const line of lines) terminal.print(line);
    const failures = answers.filter(({ found }) => found === undefined);
    if (failures.length > 0) throw new UserError(...failures.map(failureLine));
    return 0;
  },
});

const failureLine = ({ app, status, reply }: QueryAnswer): string =>
  status === undefined ? `${app}: ${reply}` : `${app}: HTTP ${status}: ${printable(JSON.stringify(reply))}`;
