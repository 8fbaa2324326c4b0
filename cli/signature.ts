import { createHmac } from 'node:crypto';
import { webhookKey } from '../functions/sources/signature.ts';
import { UserError } from '../local/user-error.ts';

export type Message = { readonly id: string; readonly body: string; readonly now: Date };

/** The headers of one attempt to send a message (Standard Webhooks 1.0.0, symmetric scheme `v1`). */
export function signedHeaders(secret: string, { id, body, now }: Message): Record<string, string> {
  const timestamp = `${Math.floor(now.getTime() / 1000)}`;
  const digest = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${digest}` };
}

function keyOf(secret: string) {
  try {
    return webhookKey(secret);
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}
