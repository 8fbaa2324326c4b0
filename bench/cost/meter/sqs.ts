import { Buffer } from 'node:buffer';
import type { Units } from '../units.ts';
import type { Forward } from './proxy.ts';

type Json = Readonly<Record<string, unknown>>;

/** What SQS bills as one request (bytes): a call that carries more counts as several. */
const CHUNK_BYTES = 64 * 1024;

/** Counts every request, also those that find nothing. */
export async function meteredSqs(
  action: string,
  input: Json,
  forward: Forward,
  count: (units: Partial<Units>) => void,
) {
  const reply = action === 'ReceiveMessage' ? await received(input, forward) : await forward(action, input);
  const payload = Math.max(payloadIn(input), payloadIn(reply.body));
  count({ sqsRequests: Math.max(1, Math.ceil(payload / CHUNK_BYTES)) });
  return reply;
}

/** The longest that one question to the embedded queue waits (s): nobody hears the answer to a receive that is given up. */
export const ASKED_S = 1;

/**
 * One receive. The embedded queue wakes all who wait when a message comes, and answers those that get none; SQS has them
 * wait until their own time is over.
 */
async function received({ WaitTimeSeconds, ...input }: Json, forward: Forward) {
  const waitS = typeof WaitTimeSeconds === 'number' ? WaitTimeSeconds : 0;
  const end = performance.now() + waitS * 1000;
  for (;;) {
    const reply = await forward('ReceiveMessage', { ...input, WaitTimeSeconds: Math.min(ASKED_S, waitS) });
    if (reply.status !== 200 || 'Messages' in reply.body || performance.now() >= end) return reply;
  }
}

/** Bytes of the messages sent or received. */
function payloadIn(json: Json): number {
  const received = (json['Messages'] ?? []) as { Body?: string }[]; // as ReceiveMessage answers
  const bodies = [`${json['MessageBody'] ?? ''}`, ...received.map(({ Body = '' }) => Body)];
  return bodies.reduce((all, body) => all + Buffer.byteLength(body), 0);
}
