import { Buffer } from 'node:buffer';
import * as z from 'zod';
import { PATHS } from '../functions/account-api/wire/endpoint.ts';
import {
  QueryReplies,
  type QueryReply,
  type QueryRequest,
  QueryRequests,
} from '../functions/account-api/wire/query.ts';
import { AccountId, AccountType, Token } from '../functions/core/account.ts';
import type { AppId } from '../functions/core/configuration.ts';
import { UserError } from '../local/user-error.ts';
import { type AppCredential, appCredentials, hostedCredential } from './app-credential.ts';
import { command, type Options, type Values } from './command.ts';
import { accountTypeIn } from './send.ts';
import { columns, printable } from './table.ts';
import { post, replyIn, TARGET_OPTIONS, targetOf } from './target.ts';

type Found = Extract<QueryReply, { kind: 'found' }>;

/** The answer to one app. `status` is undefined if its dialect cannot express the question, `found` if it failed. */
export type QueryAnswer = {
  readonly app: AppId;
  readonly status?: number;
  readonly reply: unknown;
  readonly found?: Found;
};

/** Queries the Account API in the dialect of the app, with Basic authentication. */
export async function ask(url: string, credential: AppCredential, question: QueryRequest): Promise<QueryAnswer> {
  const { app, dialect, secret } = credential;
  const request = z.safeEncode(QueryRequests[dialect], question);
  if (!request.success) return { app, reply: request.error.issues[0]?.message };
  const authorization = `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`;
  const answer = await post(`${url}${PATHS.query}`, { authorization }, JSON.stringify(request.data));
  const reply = replyIn(answer);
  const read = QueryReplies[dialect].safeParse(reply);
  const found = answer.status === 200 && read.success && read.data.kind === 'found' ? { found: read.data } : {};
  return { app, status: answer.status, reply, ...found };
}

export const QUESTION_OPTIONS = {
  account: { value: 'A', help: 'print the tokens of this account' },
  'account-type': { value: 'N', help: 'type of the account. Default: 0' },
  token: { value: 'T', help: 'print the accounts of this token' },
} as const satisfies Options;

export function questionIn(values: Values<typeof QUESTION_OPTIONS>): QueryRequest {
  const { account, token, 'account-type': type } = values;
  if ((account === undefined) === (token === undefined)) throw new UserError('give either --account or --token');
  if (token !== undefined) return { kind: 'accountsOf', tokens: [valid(Token, 'token', token)] };
  const named = { type: accountTypeIn(type) ?? UNTYPED, id: valid(AccountId, 'account', account) };
  return { kind: 'tokensOf', accounts: [named] };
}

const UNTYPED = AccountType.parse(0);

function valid<S extends z.core.$ZodType>(schema: S, option: string, value: unknown): z.output<S> {
  const read = z.safeParse(schema, value);
  if (read.success) return read.data;
  throw new UserError(`--${option}: ${read.error.issues[0]?.message}`);
}

/** A row for each binding, newest first, with a dash if nothing is bound. The column of the app is left out for one app. */
export function rowsOf({ kind }: QueryRequest, answers: readonly QueryAnswer[]): string[][] {
  const rows = answers.flatMap(({ app, found }) => (found ? bindingsIn(found).map((row) => [app, ...row]) : []));
  if (rows.length === 0) return [];
  const head = kind === 'tokensOf' ? ['account', 'type', 'token'] : ['token', 'account', 'type'];
  return [['app', ...head], ...rows].map((row) => (answers.length === 1 ? row.slice(1) : row).map(printable));
}

const NONE = '-';

const bindingsIn = ({ tokensOf = [], accountsOf = [] }: Found): string[][] => [
  ...tokensOf.flatMap(({ account, tokens }) =>
    (tokens.length > 0 ? tokens : [NONE]).map((token) => [account.id, `${account.type}`, token]),
  ),
  ...accountsOf.flatMap(({ token, accounts }) =>
    accounts.length > 0 ? accounts.map((account) => [token, account.id, `${account.type}`]) : [[token, NONE, NONE]],
  ),
];

export const query = command({
  name: 'query',
  usage: 'bindery query --account A | --token T [options]',
  about: 'Prints the tokens of an account, or the accounts of a token, newest binding first.',
  options: {
    ...QUESTION_OPTIONS,
    app: { value: 'ID', help: 'the app. Default: every app of the local instance' },
    dialect: { value: 'D', help: 'xg or tpns. Default: the dialect of the app in bindery.json' },
    hosted: { help: 'query the hosted API, which `npx bindery start --mirror` starts, and not Bindery' },
    ...TARGET_OPTIONS,
    json: { help: 'print the reply of each app as one line of JSON' },
  },
  examples: [
    'bindery query --account alice',
    'bindery query --token phone-1 --app xg-android --json',
    'bindery query --account alice --app xg-android --url https://push.example.com --secret @secret.txt',
  ],
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
