import { Buffer } from 'node:buffer';
import type { AppId } from '../functions/core/configuration.ts';
import { PATHS } from '../functions/wire/endpoint.ts';
import { QueryReplies, type QueryReply } from '../functions/wire/query-reply.ts';
import { type QueryRequest, QueryRequests } from '../functions/wire/query-request.ts';
import { post, replyIn } from './exchange.ts';
import type { Speaker } from './speakers.ts';

export type Found = Extract<QueryReply, { kind: 'found' }>;

/** What an app was told: the reply as it came, and what was found, unless the question failed. */
export type QueryAnswer = {
  readonly app: AppId;
  readonly status: number;
  readonly reply: unknown;
  readonly found: Found | undefined;
};

/** Asks the Account API in the app's dialect, with Basic authentication. */
export async function ask(url: string, speaker: Speaker, question: QueryRequest): Promise<QueryAnswer> {
  const { app, dialect, secret } = speaker;
  const authorization = `Basic ${Buffer.from(`${app}:${secret}`).toString('base64')}`;
  const body = JSON.stringify(QueryRequests[dialect].encode(question));
  const answer = await post(`${url}${PATHS.query}`, { authorization }, body);
  const reply = replyIn(answer);
  const read = QueryReplies[dialect].safeParse(reply);
  const found = answer.status === 200 && read.success && read.data.kind === 'found' ? read.data : undefined;
  return { app, status: answer.status, reply, found };
}
