import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import middy from '@middy/core';
import * as z from 'zod';

/** An event in the naive design. */
export const NaiveEvent = z.object({
  id: z.string(),
  type: z.enum(['user.login', 'user.logout', 'user.logout_everywhere']),
  timestamp: z.string(),
  data: z.object({ app: z.string(), token: z.string().optional(), account: z.string().optional() }),
});
export type NaiveEvent = z.infer<typeof NaiveEvent>;

type NaiveRequest = { readonly headers: Readonly<Record<string, string>>; readonly body: string };
type NaiveReply = { readonly statusCode: number; readonly body?: string };

/** One event a request, and one message an event. */
export const naiveDoor = (sqs: SQSClient, QueueUrl: string, secret: string) =>
  middy<NaiveRequest, NaiveReply>().handler(async ({ headers, body }) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const expected = createHmac('sha256', key).update(signed).digest();
    const given = Buffer.from(`${headers['webhook-signature']}`.slice('v1,'.length), 'base64');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return { statusCode: 401 };
    const event = NaiveEvent.parse(JSON.parse(body));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
    return { statusCode: 202 };
  });
