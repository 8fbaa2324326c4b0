import { createHmac, type KeyObject } from 'node:crypto';
import { webhookKey } from '../../functions/events/signature.ts';

/** A message to sign: its id, its body, and the time of the attempt (ms since 1970). */
type Message = { readonly id: string; readonly body: string | Uint8Array; readonly ms: number };

/**
 * The headers of one attempt to send a message (Standard Webhooks 1.0.0, scheme `v1`): in one step, for the simulator and
 * the benchmarks, and without the code of the client.
 */
export function signedHeaders(secret: string | KeyObject, { id, body, ms }: Message) {
  const timestamp = String(Math.floor(ms / 1000));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature(secret, id, timestamp, body),
  };
}

/** The signature of any id and any timestamp, valid or not. */
export function signature(secret: string | KeyObject, id: string, timestamp: string, body: string | Uint8Array) {
  const key = typeof secret === 'string' ? webhookKey(secret) : secret;
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}
