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
import { accountTypeIn } from './auth-event.ts';
import type { Speaker } from './speakers.ts';
import { post, replyIn } from './target.ts';

export type Found = Extract<QueryReply, { kind: 'found' }>;

/** What an app was told: the reply as it came, and what was found, unless the question failed or could not be put. */
export type QueryAnswer = {
  readonly app: AppId;
  readonly status?: number;
  readonly reply: unknown;
  readonly found?: Found;
};

/** Asks the Account API in the app's dialect, with Basic authentication. */
export async function ask(url: string, speaker: Speaker, question: QueryRequest): Promise<QueryAnswer> {
  const { app, dialect, secret } = speaker;
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
  account: { type: 'string' },
  'account-type': { type: 'string' },
  token: { type: 'string' },
} as const;

export type QuestionValues = { readonly [K in keyof typeof QUESTION_OPTIONS]?: string | undefined };

/** The one question that the options ask. */
export function questionIn({ account, token, 'account-type': type }: QuestionValues): QueryRequest {
  if ((account === undefined) === (token === undefined)) throw new UserError('ask for --account or for --token');
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
