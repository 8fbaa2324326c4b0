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
import type { AppCredential } from './app-credential.ts';
import { accountTypeIn } from './auth-event.ts';
import type { Options, Values } from './command.ts';
import { printable } from './table.ts';
import { post, replyIn } from './target.ts';

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
