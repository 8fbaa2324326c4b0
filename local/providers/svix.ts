import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import type { Sender, Sent } from './provider.ts';

/** A request that Svix sends for a provider. */
export function svixRequest(payload: unknown, { secret, id, now }: Sender): Sent {
  const body = JSON.stringify(payload);
  const timestamp = `${Math.floor(now.getTime() / 1000)}`;
  const digest = createHmac('sha256', Buffer.from(secret.replace('whsec_', ''), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64');
  const signature = { 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': `v1,${digest}` };
  return { headers: { 'content-type': 'application/json', ...signature }, body };
}
