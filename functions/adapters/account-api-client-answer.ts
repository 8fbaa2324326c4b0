import * as z from 'zod/mini';
import type { NotAnswered } from '../handlers/hosted.ts';
import type { Failure } from '../wire/failure.ts';
import type { Heard } from './account-api-client-transport.ts';

type Answer = { readonly kind: string };

/** The codec of an endpoint's replies, and that of the other endpoint, in whose spelling a gateway may say a failure. */
export type Replies<T extends Answer> = {
  readonly own: z.core.$ZodType<T | Failure>;
  readonly other: z.core.$ZodType<Answer>;
};

/**
 * What an answer says. Only the API's own words refuse or accept: a page of some proxy says nothing about the request,
 * whatever its status.
 */
export function answerIn<T extends Answer>(heard: Heard, replies: Replies<T>): T | NotAnswered {
  if (heard.kind === 'unavailable') return heard;
  const { status, retryAfterMs, json } = heard;
  const later = {
    kind: 'unavailable',
    reason: `HTTP ${status}`,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  } as const;
  if (status === 429 || status >= 500) return later;
  const reply = replyIn(json, replies);
  if (reply !== undefined && isFailure(reply)) return notAnswered(reply, retryAfterMs);
  if (status === 401 || status === 403) return { kind: 'unauthorized', reason: `HTTP ${status}` };
  if (reply === undefined) return { ...later, reason: `HTTP ${status}: not an answer of an Account API` };
  return status === 200 ? reply : later;
}

function replyIn<T extends Answer>(json: unknown, { own, other }: Replies<T>): T | Failure | undefined {
  const reply = z.safeParse(own, json);
  if (reply.success) return reply.data;
  const failure = z.safeParse(other, json);
  return failure.success && isFailure(failure.data) ? failure.data : undefined;
}

const isFailure = (reply: Answer): reply is Failure => reply.kind === 'failed';

function notAnswered({ problem, code }: Failure, retryAfterMs: number | undefined): NotAnswered {
  const reason = `code ${code}`;
  switch (problem) {
    case 'notAuthenticated':
      return { kind: 'unauthorized', reason };
    case 'unavailable':
      return { kind: 'unavailable', reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    default:
      return { kind: 'refused', reason };
  }
}
