import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';

type Message = { readonly id: string; readonly timestamp: string; readonly body: string };

/** The signature of Standard Webhooks, `v1`. */
export const signatureOf = (secret: string, { id, timestamp, body }: Message): string =>
  `v1,${createHmac('sha256', Buffer.from(secret.trim().replace(/^(?:v1,)?whsec_/, ''), 'base64'))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64')}`;

/** The headers of a message that is sent now. `family`: `webhook`, or `svix` for the same scheme under its names. */
export function signedHeaders(secret: string, id: string, body: string, family = 'webhook'): Record<string, string> {
  const timestamp = `${Math.floor(Date.now() / 1000)}`;
  return {
    'content-type': 'application/json',
    [`${family}-id`]: id,
    [`${family}-timestamp`]: timestamp,
    [`${family}-signature`]: signatureOf(secret, { id, timestamp, body }),
  };
}

/** The names of the headers of a signed message; undefined if it has none of them. */
export const familyOf = (headers: Readonly<Record<string, string | undefined>>): 'webhook' | 'svix' | undefined =>
  (['webhook', 'svix'] as const).find((family) => headers[`${family}-id`] !== undefined);
