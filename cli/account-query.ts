import { Buffer } from 'node:buffer';
import * as z from 'zod';
import type { AppId } from '../functions/core/configuration.ts';
import { PATHS } from '../functions/wire/endpoint.ts';
import { QueryReplies, type QueryReply } from '../functions/wire/query-reply.ts';
import { type QueryRequest, QueryRequests } from '../functions/wire/query-request.ts';
import { post, replyIn } from './exchange.ts';
import type { Speaker } from './speakers.ts';

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
