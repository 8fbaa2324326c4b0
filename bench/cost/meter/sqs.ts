import { Buffer } from 'node:buffer';
import type { Forward, Json, Meter, Reply } from './proxy.ts';

/** The bytes that SQS bills as one request. A larger call counts as several. */
const BILLED_BYTES = 64 * 1024;

/** Counts every request, including receives that find no message. */
export const meterSqs: Meter = async (action, input, forward, count) => {
  const reply = action === 'ReceiveMessage' ? await receive(input, forward) : await forward(action, input);
  const payload = Math.max(payloadOf(input), payloadOf(reply.body));
  count({ sqsRequests: Math.max(1, Math.ceil(payload / BILLED_BYTES)) });
  return reply;
};

/** The longest wait of one poll of the embedded queue (s). A receive that its caller gives up ends within that time. */
export const POLL_S = 1;

/**
 * Receives once. When a message comes, the embedded queue ends all waiting receives, also those that get no message. SQS
 * keeps those waiting until their own time is over.
 */
async function receive({ WaitTimeSeconds, ...input }: Json, forward: Forward): Promise<Reply> {
  const waitS = typeof WaitTimeSeconds === 'number' ? WaitTimeSeconds : 0;
  const end = performance.now() + waitS * 1000;
  for (;;) {
    const reply = await forward('ReceiveMessage', { ...input, WaitTimeSeconds: Math.min(POLL_S, waitS) });
    if (reply.status !== 200 || 'Messages' in reply.body || performance.now() >= end) return reply;
  }
}

/** The bytes of the messages that a call sends or receives. */
function payloadOf(input: Json): number {
  const received = (input['Messages'] ?? []) as { Body?: string }[]; // the reply of ReceiveMessage
  const bodies = [`${input['MessageBody'] ?? ''}`, ...received.map(({ Body = '' }) => Body)];
  return bodies.reduce((all, body) => all + Buffer.byteLength(body), 0);
}
